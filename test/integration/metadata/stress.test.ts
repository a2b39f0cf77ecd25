import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyTrash } from '../../../src/metadata/trash.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { checkFile, contents, digests, openStressStore, type StressStore } from './stress-store.ts';

const fixture = join(import.meta.dirname, 'stress.fixture.ts');
const processes = 8;
const runMs = isSoak ? 60_000 : 6_000;

interface Worker {
  readonly name: string;
  readonly child: ChildProcess;
  readonly closed: Promise<unknown>;
  output: string;
  errors: string;
  killed: boolean;
}

function start(root: string, name: string, seed: number, lifeMs: number): Worker {
  const child = spawn(process.execPath, [fixture, root, name, `${seed}`, `${lifeMs}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const worker: Worker = { name, child, closed: once(child, 'close'), output: '', errors: '', killed: false };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (worker.output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (worker.errors += text));
  return worker;
}

const seed = runSeed();

test(`eight processes pin, commit, drop and collect, and some are killed (STRATA_SEED=${seed})`, async (context) => {
  const random = createRandom(seed);
  const root = mkdtempSync(join(tmpdir(), 'strata-stress-'));
  context.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const end = Date.now() + runMs;
  const workers: Worker[] = [];
  const spawnOne = (): Worker => {
    const worker = start(root, `w${workers.length}`, random.next(2 ** 31), Math.max(200, end - Date.now()));
    workers.push(worker);
    return worker;
  };
  const running = Array.from({ length: processes }, spawnOne);
  while (Date.now() < end - 500) {
    await sleep(150 + random.next(500));
    const victim = random.next(processes);
    const worker = running[victim]!;
    if (running.some(({ child }) => child.exitCode !== null)) break;
    worker.killed = worker.child.kill('SIGKILL');
    await worker.closed;
    running[victim] = spawnOne();
  }
  await Promise.all(workers.map(({ closed }) => closed));
  for (const { child, errors, killed } of workers) {
    assert.equal(errors, '');
    assert.ok(killed || child.exitCode === 0, `a process ended with ${child.exitCode ?? child.signalCode}`);
  }
  using store = await openStressStore(root);
  await judge(store);
  const totals = totalsOf(workers);
  assert.ok((totals['operations'] ?? 0) > processes, JSON.stringify(totals));
  if (isSoak) {
    const kills = workers.filter(({ killed }) => killed).length;
    console.log(JSON.stringify({ seed, scenario: 'stress of metadata', seconds: runMs / 1000, kills, ...totals }));
  }
});

function totalsOf(workers: readonly Worker[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const { output } of workers) {
    const last = output.trimEnd().split('\n').at(-1);
    const counts = JSON.parse(last || '{}') as Record<string, number>;
    for (const [what, number] of Object.entries(counts)) totals[what] = (totals[what] ?? 0) + number;
  }
  return totals;
}

/** Checks that nothing acknowledged or reachable is lost, and that a collection leaves nothing dead. */
async function judge({ root, metadata, content, collector }: StressStore): Promise<void> {
  const files = (folder: string): string[] => readdirSync(join(root, folder)).sort();
  const blobFiles = (): string[] => files('content/blobs/sha256').map((hex) => `sha256:${hex}`);
  await collector.collect();
  await collector.sweepOrphans();

  for (const [tag, i] of acknowledgedTags(root)) {
    assert.equal(metadata.tags.get(tag)?.target, digests[i], `${tag} was acknowledged`);
    checkFile(content.path(digests[i]!), contents[i]!);
  }
  for (const { target } of metadata.tags.list()) {
    checkFile(content.path(target), contents[digests.indexOf(target)]!);
  }
  for (const { snapshotId } of metadata.containers.list()) {
    assert.ok(files('snapshots').includes(snapshotId ?? ''), `snapshot ${snapshotId} of a container`);
  }
  const wanted = new Set([
    ...metadata.tags.list().map(({ target }) => target),
    ...metadata.builds.list().map(({ result }) => digests[Number(result)]!),
  ]);
  assert.deepEqual(blobFiles(), [...wanted].sort(), 'blob files are those that tags and build records reach');
  assert.deepEqual(
    metadata.blobs.list().map(({ digest }) => digest),
    [...wanted].sort(),
  );
  assert.deepEqual(
    files('snapshots'),
    metadata.snapshots
      .list()
      .map(({ id }) => id)
      .sort(),
  );
  assert.deepEqual(files('indexes'), [], 'nothing keeps a layer');
  assert.deepEqual(metadata.leases.list(), []);
  // The test clears up after the killed processes itself, so that it acknowledges their deaths.
  metadata.leases.forgetDeaths(metadata.leases.deaths());
  assert.deepEqual(
    files('locks').filter((name) => !/^(?:object|spare)-/.test(name)),
    [],
  );
  assert.deepEqual((await collector.collect()).removed, []);
  assert.deepEqual(metadata.db.statement('PRAGMA foreign_key_check').all(), []);
  assert.deepEqual({ ...metadata.db.statement<object>('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });

  await metadata.db.transact(() => {
    for (const { reference } of metadata.tags.list()) metadata.tags.remove(reference);
    for (const { id } of metadata.containers.list()) metadata.containers.remove(id);
  });
  await collector.collect({ keepBuildCache: false });
  await content.removeIdleIngests(() => false);
  await emptyTrash(join(root, 'trash'));
  const left = ['content/blobs/sha256', 'content/ingest', 'snapshots', 'indexes', 'trash'].flatMap(files);
  assert.deepEqual(left, []);
  assert.equal(metadata.db.statement<{ n: number }>('SELECT count(*) AS n FROM object').get()?.n, 0);
}

/** Returns the tags that a process had set and not begun to remove when it ended. */
function acknowledgedTags(root: string): Map<string, number> {
  const tags = new Map<string, number>();
  for (const name of readdirSync(join(root, 'acknowledged'))) {
    for (const line of readFileSync(join(root, 'acknowledged', name), 'utf8').split('\n')) {
      const [sign, tag = '', i] = line.split(' ');
      if (sign === '+') tags.set(tag, Number(i));
      else tags.delete(tag);
    }
  }
  return tags;
}
