import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { GarbageCollector } from '../../../src/metadata/garbage-collector.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { snapshotSweeper } from '../../../src/metadata/sweepers.ts';
import { mountHidden } from '../../../src/snapshots/index.ts';
import { openSnapshotter } from '../../../src/snapshots/open-snapshotter.ts';
import { removeTree } from '../../../src/sys/remove-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';

const fixture = join(import.meta.dirname, 'crash.fixture.ts');

/**
 * Lets the fixture work as long as `wait` takes and kills it; returns the promised IDs that it had not begun to remove.
 */
async function runAndKill(root: string, driver: string, seed: number, wait: () => Promise<void>): Promise<Set<string>> {
  const child = spawn(process.execPath, [fixture, root, driver, `${seed}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const promised = new Set<string>();
  const lines = createInterface(child.stdout);
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line === 'ready') resolve();
      else if (line.startsWith('+ ')) promised.add(line.slice(2));
      else promised.delete(line.slice(2));
    });
  });
  const closed = once(lines, 'close');
  const exited = once(child, 'exit');
  await Promise.race([ready, exited]);
  await wait();
  child.kill('SIGKILL');
  const [code, signal] = await exited;
  assert.deepEqual([code, signal], [null, 'SIGKILL'], 'the fixture ended by itself');
  await closed;
  return promised;
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`${driver}: a store killed at any moment is whole after cleanup`, {
    skip: needs('root', 'overlay'),
  }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'strata-crash-'));
    t.after(() => removeTree(root));
    const seed = runSeed();
    t.diagnostic(`STRATA_SEED=${seed}`);
    const random = createRandom(seed);
    for (let round = 0; round < (isSoak ? 200 : 5); round++) {
      const promised = await runAndKill(root, driver, random.next(2 ** 31), () => setTimeout(random.next(400)));
      await checkStore(root, driver, promised);
    }
  });
}

test('cleanup beside a working process takes nothing from it', { skip: needs('root', 'overlay') }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'strata-crash-'));
  t.after(() => removeTree(root));
  const promised = await runAndKill(root, 'overlay2', runSeed(), async () => {
    using metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory: join(root, 'locks') });
    const snapshotter = await openSnapshotter({ driver: 'overlay2', root, ledger: metadata.snapshots });
    const end = Date.now() + 500;
    for (let runs = 0; runs < 20 || Date.now() < end; runs++) {
      assert.deepEqual((await snapshotter.cleanup()).missing, []);
      await setTimeout(runs % 5);
    }
  });
  await checkStore(root, 'overlay2', promised);
});

async function checkStore(root: string, driver: string, promised: ReadonlySet<string>): Promise<void> {
  using metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory: join(root, 'locks') });
  const snapshotter = await openSnapshotter({ driver, root, ledger: metadata.snapshots });
  const folders = (): string[] => readdirSync(join(root, 'snapshots', driver));

  const { missing } = await snapshotter.cleanup();
  assert.deepEqual(missing, [], 'a committed snapshot has lost its files');
  assert.deepEqual((await snapshotter.cleanup()).removed, []);
  const committed = snapshotter.list().filter(({ kind }) => kind === 'committed');
  const ids = new Set(committed.map(({ id }) => id));
  assert.deepEqual(
    [...promised].filter((id) => !ids.has(id)),
    [],
    'a promised snapshot is gone',
  );
  for (const { id } of committed) {
    await using tree = await mountHidden(await snapshotter.mounts(id));
    assert.equal(readFileSync(join(tree.path, `made-by-${id}`), 'utf8'), id);
  }

  // All leases are dead and nothing else refers to the snapshots.
  await new GarbageCollector(metadata, { snapshot: snapshotSweeper([snapshotter]) }).collect();
  assert.deepEqual([snapshotter.list(), folders()], [[], []]);
}
