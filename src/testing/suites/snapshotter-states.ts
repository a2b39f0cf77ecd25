import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, type ErrorKind, isStrataError } from '../../errors/index.ts';
import type { ChainId } from '../../spec/digest.ts';
import { errnoOf } from '../../sys/errno.ts';
import {
  chmod,
  chown,
  directory,
  hardlink,
  remove,
  removeDirectory,
  rename,
  touch,
  truncate,
  write,
  xattr,
} from '../tree-changes.ts';
import type { SnapshotterBench, SnapshotterTest } from './snapshotter-bench.ts';

const chainId = (digit: string): ChainId => `sha256:${digit.repeat(64)}` as ChainId;

const hasCode =
  (code: ErrorCode, kind: ErrorKind) =>
  (error: unknown): boolean => {
    assert.ok(isStrataError(error, code), `${code} expected, thrown: ${String(error)}`);
    assert.equal(error.kind, kind);
    return true;
  };
const notFound = hasCode('ERR_SNAPSHOT_NOT_FOUND', 'not-found');
const notCommitted = hasCode('ERR_SNAPSHOT_NOT_COMMITTED', 'failed-precondition');
const notActive = hasCode('ERR_SNAPSHOT_NOT_ACTIVE', 'failed-precondition');
const inUse = hasCode('ERR_SNAPSHOT_IN_USE', 'conflict');

/** Asserts that the call fails as expected and leaves the list of snapshots as it was. */
async function assertRefused(
  bench: SnapshotterBench,
  call: () => Promise<unknown>,
  expected: (error: unknown) => boolean,
): Promise<void> {
  const before = bench.snapshotter.list();
  await assert.rejects(call, expected);
  assert.deepEqual(bench.snapshotter.list(), before);
}

/**
 * The states of a snapshot from prepare to remove: which calls are allowed in each, and what remains after a failed
 * call.
 */
export const snapshotterStates: readonly SnapshotterTest[] = [
  {
    title: 'prepare on nothing gives an empty tree that can be written',
    run: async (bench) => {
      const { id, kind, parentId } = await bench.prepare();
      assert.deepEqual({ kind, parentId }, { kind: 'active', parentId: undefined });
      assert.deepEqual(await bench.tree(id), ['./']);
      await bench.change(id, [write('f', 'x')]);
      assert.deepEqual(await bench.tree(id), ['./', 'f "x"']);
    },
  },
  {
    title: 'a copy of a writable snapshot has its changes, and later changes stay separate',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const base = await bench.layer([
        write('gone', ''),
        directory('d'),
        write('d/hidden', ''),
        write('kept', 'lower'),
      ]);
      const original = await bench.prepare(base);
      await bench.change(original.id, [
        remove('gone'),
        remove('d/hidden'),
        removeDirectory('d'),
        directory('d', 0o711),
        write('d/new', 'n', 0o4755),
        hardlink('d/new', 'link'),
        xattr('d/new', 'user.x', '\0'),
        write('kept', 'upper'),
      ]);
      const before = await bench.tree(original.id);
      const copy = await snapshotter.prepare(base, { lease, copyOf: original.id });
      assert.deepEqual(await bench.tree(copy.id), before);
      await bench.change(original.id, [write('d/new', 'changed'), write('later', '')]);
      assert.deepEqual(await bench.tree(copy.id), before);
      await snapshotter.commit(copy.id, { lease, durable: false });
      assert.deepEqual(await bench.tree(copy.id), before);
      await assertRefused(bench, () => snapshotter.prepare(base, { lease, copyOf: 'absent' }), notFound);
    },
  },
  {
    title: 'a view of nothing is empty and read-only',
    run: async (bench) => {
      const { id } = await bench.snapshotter.view(undefined, { lease: bench.lease });
      assert.deepEqual(await bench.tree(id), ['./']);
      await assert.rejects(bench.change(id, [write('f', '')]), (error) => errnoOf(error) === 'EROFS');
    },
  },
  {
    title: 'prepare, commit and view return kind, parent, chainID, labels and time',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const before = Date.now() - 1000;
      const base = await bench.layer([]);
      const active = await snapshotter.prepare(base, { lease, labels: { a: '1' } });
      assert.deepEqual(snapshotter.stat(active.id), active);
      assert.ok(active.createdAt.getTime() >= before && active.createdAt.getTime() <= Date.now() + 1000);
      const committed = await snapshotter.commit(active.id, { lease, chainId: chainId('a'), durable: false });
      assert.deepEqual(committed, { ...active, kind: 'committed', chainId: chainId('a') });
      assert.deepEqual(snapshotter.stat(active.id), committed);
      const view = await snapshotter.view(committed.id, { lease, labels: { b: '2' } });
      const { createdAt, id, ...rest } = view;
      assert.ok(createdAt instanceof Date && id !== committed.id);
      assert.deepEqual(rest, { kind: 'view', parentId: committed.id, chainId: undefined, labels: { b: '2' } });
    },
  },
  {
    title: 'ids are safe as file names and unique',
    run: async (bench) => {
      const made = await Promise.all(Array.from({ length: 50 }, () => bench.prepare()));
      const ids = made.map(({ id }) => id);
      assert.equal(new Set(ids).size, 50);
      for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{1,64}$/);
    },
  },
  {
    title: 'update replaces the labels, and commit keeps them',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const { id } = await snapshotter.prepare(undefined, { lease, labels: { old: '1', both: '1' } });
      assert.deepEqual((await snapshotter.update(id, { both: '2' })).labels, { both: '2' });
      await snapshotter.commit(id, { lease, durable: false });
      assert.deepEqual(snapshotter.stat(id).labels, { both: '2' });
      await assert.rejects(snapshotter.update('absent', {}), notFound);
    },
  },
  {
    title: 'list returns exactly the existing snapshots',
    run: async (bench) => {
      assert.deepEqual(bench.ids(), []);
      const base = await bench.layer([]);
      const active = await bench.prepare(base);
      const view = await bench.snapshotter.view(base, { lease: bench.lease });
      assert.deepEqual(bench.ids(), [base, active.id, view.id].sort());
      await bench.snapshotter.remove(view.id, { lease: bench.lease });
      assert.deepEqual(bench.ids(), [base, active.id].sort());
    },
  },
  {
    title: 'stat works while the list is walked and snapshots are removed',
    run: async (bench) => {
      for (let i = 0; i < 5; i++) await bench.prepare();
      for (const info of bench.snapshotter.list()) {
        assert.deepEqual(bench.snapshotter.stat(info.id), info);
        await bench.snapshotter.remove(info.id, { lease: bench.lease });
      }
      assert.deepEqual(bench.ids(), []);
    },
  },
  {
    title: 'every method refuses an absent snapshot',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      assert.throws(() => snapshotter.stat('absent'), notFound);
      for (const call of [
        () => snapshotter.mounts('absent'),
        () => snapshotter.isWhole('absent'),
        () => snapshotter.usage('absent'),
        () => snapshotter.prepare('absent', { lease }),
        () => snapshotter.view('absent', { lease }),
        () => snapshotter.commit('absent', { lease }),
        () => snapshotter.persist('absent'),
        () => snapshotter.remove('absent'),
      ]) {
        await assertRefused(bench, call, notFound);
      }
    },
  },
  {
    title: 'names that are paths are absent snapshots',
    run: async (bench) => {
      for (const id of ['', '.', '..', '../../etc', '/', 'a/b', '\0']) {
        await assertRefused(bench, () => bench.snapshotter.mounts(id), notFound);
        await assertRefused(bench, () => bench.snapshotter.remove(id), notFound);
      }
    },
  },
  {
    title: 'only a committed snapshot can be built upon',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const active = await bench.prepare();
      const view = await snapshotter.view(await bench.layer([]), { lease });
      for (const { id } of [active, view]) {
        await assertRefused(bench, () => snapshotter.prepare(id, { lease }), notCommitted);
        await assertRefused(bench, () => snapshotter.view(id, { lease }), notCommitted);
      }
    },
  },
  {
    title: 'only an active snapshot can be committed',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const base = await bench.layer([]);
      const view = await snapshotter.view(base, { lease });
      for (const id of [base, view.id]) {
        await assertRefused(bench, () => snapshotter.commit(id, { lease, chainId: chainId('b') }), notActive);
      }
    },
  },
  {
    title: 'a view and a committed snapshot cannot be written',
    run: async (bench) => {
      const base = await bench.layer([write('f', '')]);
      const second = await bench.layer([write('g', '')], base);
      for (const parent of [base, second]) {
        const view = await bench.snapshotter.view(parent, { lease: bench.lease });
        for (const id of [parent, view.id]) {
          for (const change of [write('f', 'x'), write('new', ''), rename('f', 'h'), chmod('.', 0o700)]) {
            await assert.rejects(bench.change(id, [change]), (error) => errnoOf(error) === 'EROFS');
          }
        }
      }
    },
  },
  {
    title: 'a read-only mount shows a writable snapshot while it is written to',
    run: async (bench) => {
      for (const parent of [undefined, await bench.layer([write('f', 'base')])]) {
        const { id } = await bench.prepare(parent);
        await bench.withMount(id, async (root) => {
          await write('new', 'x')(root);
          await bench.withReadOnlyMount(id, async (seen) => {
            assert.equal(readFileSync(join(seen, 'new'), 'utf8'), 'x');
            await assert.rejects(
              async () => write('other', '')(seen),
              (error) => errnoOf(error) === 'EROFS',
            );
          });
        });
      }
    },
  },
  {
    title: 'an existing snapshot is whole',
    run: async (bench) => {
      const base = await bench.layer([]);
      const { id } = await bench.prepare(base);
      assert.deepEqual([await bench.snapshotter.isWhole(base), await bench.snapshotter.isWhole(id)], [true, true]);
    },
  },
  {
    title: 'siblings on one parent do not see each other',
    run: async (bench) => {
      const base = await bench.layer([write('f', 'base')]);
      const [one, two] = [await bench.prepare(base), await bench.prepare(base)];
      await bench.withMount(one.id, (first) =>
        bench.withMount(two.id, (second) => {
          writeFileSync(join(first, 'f'), 'one');
          writeFileSync(join(second, 'g'), 'two');
          assert.deepEqual([readdirSync(first), readdirSync(second).sort()], [['f'], ['f', 'g']]);
        }),
      );
      assert.deepEqual(await bench.tree(one.id), ['./', 'f "one"']);
      assert.deepEqual(await bench.tree(two.id), ['./', 'f "base"', 'g "two"']);
      assert.deepEqual(await bench.tree(base), ['./', 'f "base"']);
    },
  },
  {
    title: 'mounts returns the same each time, and written files stay',
    run: async (bench) => {
      const { snapshotter } = bench;
      const { id } = await bench.prepare(await bench.layer([write('f', '')], await bench.layer([])));
      assert.deepEqual(await snapshotter.mounts(id), await snapshotter.mounts(id));
      for (let i = 0; i < 3; i++) await bench.change(id, [write(`g${i}`, '')]);
      assert.deepEqual(await bench.tree(id), ['./', 'f ""', 'g0 ""', 'g1 ""', 'g2 ""']);
    },
  },
  {
    title: 'a volatile snapshot can be mounted again, and committed',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const base = await bench.layer([write('f', '')], await bench.layer([]));
      for (const parent of [base, undefined]) {
        const { id } = await snapshotter.prepare(parent, { lease, volatile: true });
        await bench.change(id, [write('a', '1')]);
        await bench.change(id, [write('b', '2')]);
        await snapshotter.commit(id, { lease });
        const tree = await bench.tree(id);
        assert.deepEqual(tree.slice(0, 3), ['./', 'a "1"', 'b "2"']);
        const child = await snapshotter.prepare(id, { lease, volatile: true });
        assert.deepEqual(await bench.tree(child.id), tree);
      }
    },
  },
  {
    title: 'remove deletes the snapshot and is refused while it has children',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const base = await bench.layer([write('f', '')]);
      const child = await bench.prepare(base);
      const view = await snapshotter.view(base, { lease });
      await assertRefused(bench, () => snapshotter.remove(base, { lease }), inUse);
      assert.deepEqual(await bench.tree(child.id), ['./', 'f ""']);
      await snapshotter.remove(child.id, { lease });
      await assertRefused(bench, () => snapshotter.remove(base, { lease }), inUse);
      await snapshotter.remove(view.id, { lease });
      await snapshotter.remove(base, { lease });
      await assert.rejects(snapshotter.mounts(base), notFound);
      await assertRefused(bench, () => snapshotter.remove(base, { lease }), notFound);
    },
  },
  {
    title: 'a committed snapshot that another lease holds is not removed',
    run: async (bench) => {
      const { snapshotter } = bench;
      await using holder = await bench.otherLease();
      const { id } = await snapshotter.prepare(undefined, { lease: holder });
      await snapshotter.commit(id, { lease: holder, durable: false });
      await assertRefused(bench, () => snapshotter.remove(id), inUse);
      await snapshotter.remove(id, { lease: holder });
    },
  },
  {
    title: 'remove leaves nothing under the paths that were mounted',
    run: async (bench) => {
      const { id } = await bench.prepare(await bench.layer([], await bench.layer([])));
      await bench.change(id, [directory('d'), write('d/f', 'x')]);
      const mounts = await bench.snapshotter.mounts(id);
      await bench.snapshotter.remove(id, { lease: bench.lease });
      // A device of another type may be reused by the next snapshot.
      const bound = mounts.flatMap(({ type, source }) => (type === 'bind' ? [source] : []));
      const stacked = mounts.flatMap(({ overlay }) => [overlay?.upperDir, overlay?.workDir]);
      for (const path of [...bound, ...stacked]) assert.equal(existsSync(path ?? ''), false, path);
      assert.deepEqual(await bench.snapshotter.orphans?.(), bench.snapshotter.orphans && []);
    },
  },
  {
    title: 'a second commit of a chainID discards its copy and returns the existing one',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const first = await bench.prepare();
      await bench.change(first.id, [write('f', 'same')]);
      const second = await bench.prepare();
      await bench.change(second.id, [write('f', 'same')]);
      const existing = await snapshotter.commit(first.id, { lease, chainId: chainId('c'), durable: false });
      assert.deepEqual(await snapshotter.commit(second.id, { lease, chainId: chainId('c') }), existing);
      assert.deepEqual(bench.ids(), [first.id]);
      assert.throws(() => snapshotter.stat(second.id), notFound);
      assert.deepEqual(await bench.tree(first.id), ['./', 'f "same"']);
      assert.equal(bench.ledger.get(first.id)?.durable, true, 'the second caller was promised a durable one');
    },
  },
  {
    title: 'many commits of one chainID at once leave one snapshot',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const made = await Promise.all(Array.from({ length: 8 }, () => bench.prepare()));
      const done = await Promise.all(
        made.map(({ id }) => snapshotter.commit(id, { lease, chainId: chainId('d'), durable: false })),
      );
      assert.equal(new Set(done.map(({ id }) => id)).size, 1);
      assert.deepEqual(bench.ids(), [done[0]?.id]);
    },
  },
  {
    title: 'many snapshots are prepared, written and committed side by side',
    run: async (bench) => {
      const base = await bench.layer([write('f', 'base')]);
      const ids = await Promise.all(
        Array.from({ length: 12 }, async (_, index) => bench.layer([write('f', `${index}`)], base)),
      );
      for (const [index, id] of ids.entries()) assert.deepEqual(await bench.tree(id), ['./', `f "${index}"`]);
    },
  },
  {
    title: 'a commit is durable by default, with all its ancestors; persist makes it so later',
    run: async (bench) => {
      const { snapshotter, ledger, lease } = bench;
      const durable = (id: string): boolean | undefined => ledger.get(id)?.durable;
      const first = await bench.layer([]);
      const second = await bench.layer([], first);
      assert.deepEqual([durable(first), durable(second)], [false, false]);
      await snapshotter.persist(second);
      await snapshotter.persist(second, { flushed: true });
      assert.deepEqual([durable(first), durable(second)], [true, true]);
      const third = await bench.layer([]);
      const fourth = await bench.prepare(third);
      await snapshotter.commit(fourth.id, { lease });
      assert.deepEqual([durable(third), durable(fourth.id)], [true, true]);
    },
  },
  {
    title: 'usage counts blocks and inodes of what a snapshot adds, hard links once, holes not',
    run: async (bench) => {
      const { snapshotter } = bench;
      const kilobytes = (count: number): string => 'x'.repeat(count * 1024);
      const empty = await bench.layer([]);
      const small = await bench.layer([write('a', kilobytes(64))]);
      const linked = await bench.layer([write('a', kilobytes(64)), hardlink('a', 'b'), hardlink('a', 'c')]);
      const sparse = await bench.layer([write('a', ''), truncate('a', 1 << 30)]);
      const usages = await Promise.all([empty, small, linked, sparse].map((id) => snapshotter.usage(id)));
      const [none, one, links, holes] = usages as [Usage, Usage, Usage, Usage];
      assert.equal(one.inodes, none.inodes + 1);
      assert.deepEqual([links.inodes, holes.inodes], [one.inodes, one.inodes]);
      assert.ok(
        one.sizeBytes >= none.sizeBytes + 65536 && one.sizeBytes < none.sizeBytes + 100_000,
        `${one.sizeBytes}`,
      );
      assert.ok(links.sizeBytes < one.sizeBytes + 4096 * 2 && holes.sizeBytes < 100_000);
    },
  },
  {
    title: 'usage of a view is 0',
    run: async (bench) => {
      const base = await bench.layer([write('a', 'x'.repeat(10_000))]);
      const view = await bench.snapshotter.view(base, { lease: bench.lease });
      assert.deepEqual(await bench.snapshotter.usage(view.id), { sizeBytes: 0, inodes: 0 });
    },
  },
  {
    title: 'every method that waits rethrows the reason of an aborted signal and changes nothing',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      const base = await bench.layer([write('f', '')]);
      const { id } = await bench.prepare(base);
      const reason = new Error('stop');
      const signal = AbortSignal.abort(reason);
      const isReason = (error: unknown): boolean => error === reason;
      for (const call of [
        () => snapshotter.mounts(id, { signal }),
        () => snapshotter.usage(id, { signal }),
        () => snapshotter.prepare(base, { lease, signal }),
        () => snapshotter.view(base, { lease, signal }),
        () => snapshotter.commit(id, { lease, signal }),
        () => snapshotter.persist(base, { signal }),
        () => snapshotter.remove(id, { signal }),
      ]) {
        await assertRefused(bench, call, isReason);
      }
      assert.deepEqual(await bench.tree(id), ['./', 'f ""']);
    },
  },
  {
    title: 'a lease that prepares also holds the parent: its children keep it',
    run: async (bench) => {
      const { snapshotter } = bench;
      const base = await bench.layer([write('f', '')]);
      await using other = await bench.otherLease();
      await snapshotter.prepare(base, { lease: other });
      await assertRefused(bench, () => snapshotter.remove(base, { lease: bench.lease }), inUse);
    },
  },
  {
    title: 'cleanup removes files without a record, and no others',
    run: async (bench) => {
      const { snapshotter, ledger, lease } = bench;
      if (!snapshotter.cleanup) return;
      const base = await bench.layer([write('f', 'kept')]);
      const active = await bench.prepare(base);
      const view = await snapshotter.view(base, { lease });
      const lost = await bench.prepare(base);
      await ledger.remove(lost.id);
      assert.deepEqual(await snapshotter.orphans?.(), [lost.id]);
      const report = await snapshotter.cleanup();
      assert.deepEqual(report.removed, [lost.id]);
      assert.deepEqual(report.missing, []);
      assert.deepEqual(await snapshotter.cleanup(), { removed: [], missing: [] });
      for (const { id } of [active, view]) assert.deepEqual(await bench.tree(id), ['./', 'f "kept"']);
      const reason = new Error('stop');
      await assert.rejects(snapshotter.cleanup({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    },
  },
  {
    title: 'layers filled side by side in own directories are chained as they are committed',
    run: async (bench) => {
      const { snapshotter, lease } = bench;
      if (!snapshotter.capabilities.parallelApply) return;
      assert.ok(snapshotter.ownDirectory && snapshotter.lowerDirectories);
      const made = await Promise.all([0, 1, 2].map(() => bench.prepare()));
      const directories: string[] = [];
      let parentId: string | undefined;
      for (const [index, { id }] of made.entries()) {
        const own = snapshotter.ownDirectory(id);
        writeFileSync(join(own, `f${index}`), '');
        assert.deepEqual(snapshotter.lowerDirectories(id), []);
        parentId = (await snapshotter.commit(id, { lease, parentId, chainId: chainId(`${index}`), durable: false })).id;
        assert.deepEqual(snapshotter.lowerDirectories(id), directories);
        directories.unshift(own);
      }
      assert.deepEqual(await bench.tree(parentId ?? ''), ['./', 'f0 ""', 'f1 ""', 'f2 ""']);
      const child = await bench.prepare(parentId);
      assert.deepEqual(snapshotter.lowerDirectories(child.id), directories);
    },
  },
  {
    title: "a snapshot's own directory holds its own changes only",
    run: async (bench) => {
      const { snapshotter } = bench;
      if (!snapshotter.capabilities.nativeDiff) return;
      assert.ok(snapshotter.ownDirectory);
      const base = await bench.layer([directory('d'), write('d/f', ''), write('g', '')]);
      const { id } = await bench.prepare(base);
      await bench.change(id, [write('new', '')]);
      assert.deepEqual(readdirSync(snapshotter.ownDirectory(id)), ['new']);
      await bench.change(id, [chmod('g', 0o600)]);
      assert.deepEqual(readdirSync(snapshotter.ownDirectory(id)).sort(), ['g', 'new']);
    },
  },
  {
    title: 'the root of a new snapshot has the attributes of its parent',
    run: async (bench) => {
      const base = await bench.layer([
        chown('.', 7, 8),
        chmod('.', 0o2751),
        xattr('.', 'user.kept', 'yes'),
        touch('.', 1_000_000_000, 5),
      ]);
      const middle = await bench.prepare(base);
      assert.deepEqual(await bench.tree(middle.id), ['./ 02751 7:8 user.kept="yes" @1000000000.000000005']);
      await bench.snapshotter.commit(middle.id, { lease: bench.lease, durable: false });
      const top = await bench.prepare(middle.id);
      assert.deepEqual(await bench.tree(top.id), ['./ 02751 7:8 user.kept="yes" @1000000000.000000005']);
    },
  },
  {
    title: 'capabilities fit together',
    run: async ({ snapshotter }) => {
      const { parallelApply, nativeDiff, whiteouts } = snapshotter.capabilities;
      assert.ok(!parallelApply || whiteouts === 'overlay', 'layers side by side need a form for deletions');
      assert.equal(typeof snapshotter.ownDirectory === 'function', parallelApply || nativeDiff);
    },
  },
  {
    title: 'closing is idempotent and keeps all snapshots',
    run: async (bench) => {
      const base = await bench.layer([write('f', '')]);
      await bench.snapshotter[Symbol.asyncDispose]();
      await bench.snapshotter[Symbol.asyncDispose]();
      assert.ok(bench.ledger.get(base));
    },
  },
];

interface Usage {
  readonly sizeBytes: number;
  readonly inodes: number;
}
