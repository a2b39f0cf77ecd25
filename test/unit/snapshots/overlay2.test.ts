import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { MemorySnapshotLedger } from '../../../src/ledger/memory.ts';
import type { Lease } from '../../../src/ledger/types.ts';
import { Overlay2Snapshotter } from '../../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import type { ChainId } from '../../../src/spec/digest.ts';
import { bootId } from '../../../src/sys/boot-id.ts';

interface Bench {
  readonly root: string;
  readonly ledger: MemorySnapshotLedger;
  readonly lease: Lease;
  readonly driver: Overlay2Snapshotter;
  /** Makes a committed layer and returns its ID. */
  readonly layer: (parentId?: string) => Promise<string>;
}

function bench(context: TestContext): Bench {
  const root = mkdtempSync(join(tmpdir(), 'strata-overlay2-'));
  context.after(() => rmSync(root, { recursive: true }));
  const ledger = new MemorySnapshotLedger();
  const lease = ledger.lease();
  const driver = new Overlay2Snapshotter({ root, ledger });
  const layer = async (parentId?: string): Promise<string> => {
    const { id } = await driver.prepare(parentId, { lease });
    return (await driver.commit(id, { lease, durable: false })).id;
  };
  return { root, ledger, lease, driver, layer };
}

const folders = (root: string): string[] => {
  const folder = join(root, 'snapshots/overlay2');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
};
const trash = (root: string): string[] => {
  const folder = join(root, 'trash');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const withCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isStrataError(error, code);

test('mounts are data: bind for one layer, overlay for more, nearest first', async (context) => {
  const { root, driver, lease, layer } = bench(context);
  const at = (id: string, part: string): string => join(root, 'snapshots/overlay2', id, part);
  const alone = await driver.prepare(undefined, { lease });
  assert.deepEqual(await driver.mounts(alone.id), [{ type: 'bind', source: at(alone.id, 'fs'), readOnly: false }]);

  const first = await layer();
  assert.deepEqual(await driver.mounts(first), [{ type: 'bind', source: at(first, 'fs'), readOnly: true }]);
  const viewOfOne = await driver.view(first, { lease });
  assert.deepEqual(await driver.mounts(viewOfOne.id), [{ type: 'bind', source: at(first, 'fs'), readOnly: true }]);

  const second = await layer(first);
  const lowerDirs = [at(second, 'fs'), at(first, 'fs')];
  const readOnly = [{ type: 'overlay', source: '', readOnly: true, overlay: { lowerDirs, userXattr: false } }];
  assert.deepEqual(await driver.mounts(second), readOnly);
  assert.deepEqual(await driver.mounts((await driver.view(second, { lease })).id), readOnly);

  const { id } = await driver.prepare(second, { lease });
  const overlay = { lowerDirs, upperDir: at(id, 'fs'), workDir: at(id, 'work'), volatile: false, userXattr: false };
  assert.deepEqual(await driver.mounts(id), [{ type: 'overlay', source: '', readOnly: false, overlay }]);
});

test('a view of a parent has no directory, a commit puts the work directory away', async (context) => {
  const { root, driver, lease, layer } = bench(context);
  const base = await layer();
  await driver.view(base, { lease });
  assert.deepEqual(folders(root), [base]);
  assert.deepEqual(readdirSync(join(root, 'snapshots/overlay2', base)), ['fs']);
});

test('a prepare that fails leaves neither record nor directory', async (context) => {
  const { root, ledger, driver, lease, layer } = bench(context);
  const base = await layer();
  rmSync(join(root, 'snapshots/overlay2', base), { recursive: true });
  await assert.rejects(driver.prepare(base, { lease }), withCode('ERR_SNAPSHOT_DAMAGED'));
  assert.deepEqual([folders(root), ledger.list().map(({ id }) => id)], [[], [base]]);
});

test('a prepare that the ledger refuses makes no directory', async (context) => {
  const { root, ledger, driver, lease } = bench(context);
  const refusal = new Error('database is locked');
  context.mock.method(ledger, 'insert', () => {
    throw refusal;
  });
  await assert.rejects(driver.prepare(undefined, { lease }), (error) => error === refusal);
  assert.deepEqual([folders(root), trash(root)], [[], []]);
});

test('the first failure is reported if undoing fails as well', async (context) => {
  const { root, ledger, driver, lease, layer } = bench(context);
  const base = await layer();
  rmSync(join(root, 'snapshots/overlay2', base), { recursive: true });
  context.mock.method(ledger, 'remove', () => {
    throw new Error('database is locked');
  });
  await assert.rejects(driver.prepare(base, { lease }), withCode('ERR_SNAPSHOT_DAMAGED'));
});

test('an abort while a snapshot is prepared leaves nothing', async (context) => {
  const { root, ledger, driver, lease } = bench(context);
  const controller = new AbortController();
  const reason = new Error('stop');
  const pending = driver.prepare(undefined, { lease, signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(pending, (error) => error === reason);
  assert.deepEqual([folders(root), ledger.list()], [[], []]);
});

test('a commit that the ledger refuses leaves an active snapshot that mounts again', async (context) => {
  const { ledger, driver, lease, layer } = bench(context);
  const { id } = await driver.prepare(await layer(), { lease });
  const before = await driver.mounts(id);
  const refusal = new Error('disk full');
  const mock = context.mock.method(ledger, 'commit', () => {
    throw refusal;
  });
  await assert.rejects(driver.commit(id, { lease, durable: false }), (error) => error === refusal);
  mock.mock.restore();
  assert.equal(driver.stat(id).kind, 'active');
  assert.deepEqual(await driver.mounts(id), before);
  assert.equal(existsSync(before[0]?.overlay?.workDir ?? ''), true);
  assert.equal((await driver.commit(id, { lease, durable: false })).kind, 'committed');
});

test('files lost under a standing chainID are replaced by the next commit of it (moby#44909)', async (context) => {
  const { root, driver, lease } = bench(context);
  const chainId = `sha256:${'a'.repeat(64)}` as ChainId;
  const commit = async (text: string): Promise<string> => {
    const { id } = await driver.prepare(undefined, { lease });
    writeFileSync(join(driver.ownDirectory(id), text), '');
    return (await driver.commit(id, { lease, chainId, durable: false })).id;
  };
  const standing = await commit('first');
  for (const damage of ['', 'fs']) {
    rmSync(join(root, 'snapshots/overlay2', standing, damage), { recursive: true });
    await assert.rejects(driver.mounts(standing), withCode('ERR_SNAPSHOT_DAMAGED'));
    assert.equal(await commit(`again${damage}`), standing);
    assert.deepEqual(readdirSync(driver.ownDirectory(standing)), [`again${damage}`]);
    assert.deepEqual(folders(root), [standing]);
  }
});

test('an ancestor without a record or without files is named as damage', async (context) => {
  const { root, ledger, driver, lease, layer } = bench(context);
  const base = await layer();
  const { id } = await driver.prepare(await layer(base), { lease });
  renameSync(join(root, 'snapshots/overlay2', base), join(root, 'elsewhere'));
  await assert.rejects(driver.mounts(id), new RegExp(`snapshot ${base}: its files are missing`));
  context.mock.method(ledger, 'get', (wanted: string) =>
    wanted === base ? undefined : ledger.list().find((record) => record.id === wanted),
  );
  const reopened = new Overlay2Snapshotter({ root, ledger });
  await assert.rejects(reopened.mounts(id), new RegExp(`ancestor ${base} is not recorded`));
});

test('cleanup removes what a crash left, returns missing snapshots, and leaves unknown files alone', async (context) => {
  const { root, driver, lease, layer } = bench(context);
  const base = join(root, 'snapshots/overlay2');
  const kept = await layer();
  const lost = await layer();
  const active = await driver.prepare(kept, { lease });
  rmSync(join(base, lost), { recursive: true });
  const [orphan, unfinished] = ['0'.repeat(20), '1'.repeat(20)];
  mkdirSync(join(base, orphan, 'fs'), { recursive: true });
  mkdirSync(join(base, `${unfinished}.new`, 'fs'), { recursive: true });
  mkdirSync(join(base, 'lost+found'));
  mkdirSync(join(base, `${active.id}.new`));

  const report = await driver.cleanup();
  assert.deepEqual(
    { ...report, removed: [...report.removed].sort() },
    { removed: [orphan, unfinished], missing: [lost] },
  );
  assert.deepEqual(folders(root), [kept, active.id, `${active.id}.new`, 'lost+found'].sort());
  assert.equal(trash(root).filter((name) => name.includes(orphan) || name.includes(unfinished)).length, 2);
  assert.deepEqual(await driver.cleanup(), { removed: [], missing: [lost] });
  await driver.remove(lost, { lease });
  assert.deepEqual(await driver.cleanup(), { removed: [], missing: [] });
});

test('a volatile snapshot is mounted again in the same boot and lost after another', async (context) => {
  const { root, driver, lease, layer } = bench(context);
  for (const parent of [await layer(), undefined]) {
    const { id } = await driver.prepare(parent, { lease, volatile: true });
    const directory = join(root, 'snapshots/overlay2', id);
    const workDir = join(directory, `work.${bootId()}`);
    // The kernel leaves this mark of a volatile mount, and refuses a work directory that has it.
    mkdirSync(join(workDir, 'work/incompat/volatile/dirty'), { recursive: true });
    const [mount] = await driver.mounts(id);
    assert.equal(existsSync(join(workDir, 'work/incompat')), false);
    if (parent !== undefined) {
      assert.equal(mount?.overlay?.volatile, true);
      assert.equal(mount.overlay.workDir, workDir);
    }
    renameSync(workDir, join(directory, 'work.00000000-0000-0000-0000-000000000000'));
    await assert.rejects(driver.mounts(id), withCode('ERR_SNAPSHOT_VOLATILE_LOST'));
    await driver.remove(id);
  }
});

test("another driver's snapshots are not there", async (context) => {
  const { ledger, driver, lease } = bench(context);
  const record = {
    kind: 'committed',
    parentId: undefined,
    chainId: undefined,
    durable: true,
    createdAt: 0,
    labels: {},
  };
  await ledger.insert({ ...record, kind: 'committed', id: 'other', driver: 'vfs' }, lease);
  assert.deepEqual(driver.list(), []);
  assert.throws(() => driver.stat('other'), withCode('ERR_SNAPSHOT_NOT_FOUND'));
  await assert.rejects(driver.prepare('other', { lease }), withCode('ERR_SNAPSHOT_NOT_FOUND'));
});

test('a parent at commit is for snapshots that were prepared on nothing', async (context) => {
  const { driver, lease, layer } = bench(context);
  const base = await layer();
  const { id } = await driver.prepare(base, { lease });
  await assert.rejects(driver.commit(id, { lease, parentId: base }), /has a parent already/);
  const free = await driver.prepare(undefined, { lease });
  await assert.rejects(driver.commit(free.id, { lease, parentId: id }), withCode('ERR_SNAPSHOT_NOT_COMMITTED'));
  await assert.rejects(driver.commit(free.id, { lease, parentId: 'absent' }), withCode('ERR_SNAPSHOT_NOT_FOUND'));
});

test('folders are for this user alone', async (context) => {
  const { root, driver, lease } = bench(context);
  await driver.prepare(undefined, { lease });
  const { statSync } = await import('node:fs');
  for (const folder of ['snapshots', 'snapshots/overlay2', 'trash']) {
    assert.equal(statSync(join(root, folder)).mode & 0o777, 0o700, folder);
  }
});

test('a step of a build reads as many records on 200 layers as on 10', async (context) => {
  const { driver, lease, ledger, layer } = bench(context);
  const get = context.mock.method(ledger, 'get');
  let top: string | undefined;
  const reads: number[] = [];
  for (let step = 0; step < 200; step++) {
    get.mock.resetCalls();
    const { id } = await driver.prepare(top, { lease });
    await driver.mounts(id);
    top = (await driver.commit(id, { lease, durable: false })).id;
    reads.push(get.mock.callCount());
  }
  assert.ok(top);
  assert.equal(reads[199], reads[10]);
  assert.equal(driver.lowerDirectories(top).length, 199);

  // A build makes its layers afterwards, from the lowest to the topmost.
  const line = [top, ...driver.lowerDirectories(top).map((path) => path.split('/').at(-2) ?? '')].reverse();
  const laterReads = line.map((id) => {
    get.mock.resetCalls();
    driver.lowerDirectories(id);
    return get.mock.callCount();
  });
  assert.equal(laterReads[199], laterReads[10]);

  // Earlier calls do not change the lineage that a snapshot gets.
  const [other, beside] = [await layer(line[0]), await layer(line[5])];
  for (const [id, count] of [
    [top, 199],
    [other, 1],
    [line[7] ?? '', 7],
    [beside, 6],
    [top, 199],
  ] as const) {
    assert.equal(driver.lowerDirectories(id).length, count);
  }
});
