import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../../src/engine/index.ts';
import { KeyLocks } from '../../../src/store/key-locks.ts';
import { unfinishedIndexName } from '../../../src/store/layers/unfinished-indexes.ts';
import { tryLockFile } from '../../../src/sys/flock.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf, recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { patienceMs, until } from '../../helpers/until.ts';

const skip = needs('root', 'runc');

function folder(context: TestContext, name: string): string {
  const path = mkdtempSync(join(tmpdir(), `strata-${name}-`));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const snapshots = (root: string): string[] => readdirSync(placesOf(root).trees);

const largeBytes = 64 * 2 ** 20;

/**
 * Creates a store whose only build was killed while it copied a large file; on a busy machine that takes several tries.
 */
async function storeOfKilledBuild(context: TestContext, files: string): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const root = storeRoot(context);
    const child = spawn(strataPath, ['--root', root, 'build', files], {
      stdio: 'ignore',
    });
    const ended = once(child, 'close');
    // Before the step's snapshot exists the build has nothing to leave behind.
    for (let waited = 0; waited < patienceMs && child.exitCode === null; waited += 5) {
      await sleep(5);
      try {
        if (snapshots(root).length > 0) break;
      } catch {
        // The store does not exist yet.
      }
    }
    child.kill('SIGKILL');
    await ended;
    const [left] = snapshots(root);
    assert.ok(left !== undefined, 'the kill came after the step had begun');
    const copied = statSync(join(placesOf(root).trees, left, 'fs/large'), { throwIfNoEntry: false });
    if ((copied?.size ?? 0) < largeBytes) return root;
  }
  throw new Error('each build was faster than its kill');
}

test('a killed build leaves nothing once the next one has begun', { skip }, async (context) => {
  const files = folder(context, 'context');
  const count = `count=${largeBytes / 2 ** 20}`;
  execFileSync('dd', ['if=/dev/urandom', `of=${join(files, 'large')}`, 'bs=1M', count, 'status=none']);
  writeFileSync(join(files, 'Dockerfile'), 'FROM scratch\nCOPY large /large\n');
  const root = await storeOfKilledBuild(context, files);

  writeFileSync(join(files, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  await using engine = await Engine.open({ root });
  await engine.builder.build({ context: files }).result;
  assert.equal(snapshots(root).length, 1, 'only the new step is there');
  // On a slow machine the step's scratch is removed later.
  await until(
    () => readdirSync(placesOf(root).trash).length === 0,
    () => `in the trash: ${readdirSync(placesOf(root).trash).join()}`,
  );
});

test('the next command finds the remains of a process even when one that cleared them was killed', {
  skip,
}, async (context) => {
  const root = storeRoot(context);
  const files = folder(context, 'context');
  writeFileSync(join(files, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  await using engine = await Engine.open({ root });
  const { indexes, locks, database } = placesOf(engine);
  const source = join(import.meta.dirname, '../../../src/metadata/metadata.ts');
  const paths = { database, locksDirectory: locks };
  const program = `import { Metadata } from ${JSON.stringify(source)};
    const lease = await Metadata.openForReading(${JSON.stringify(paths)}).leases.open('killed');
    console.log(lease.id); setInterval(() => lease.id, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  using metadata = recordsOf(engine);
  const [lease] = metadata.leases.list();
  assert.ok(lease !== undefined);
  const left = join(indexes, unfinishedIndexName(lease, 'layer'));
  mkdirSync(indexes, { recursive: true });
  writeFileSync(left, 'x');
  child.kill('SIGKILL');
  await once(child, 'close');
  // A process that is killed at once comes no further than this.
  assert.equal((await metadata.leases.removeDead()).length, 1);
  await engine.builder.build({ context: files }).result;
  assert.ok(!existsSync(left));
  assert.deepEqual(
    readdirSync(locks).filter((name) => name.startsWith('death-')),
    [],
  );
});

test('the next command removes files that rmi, killed after the names, left', { skip }, async (context) => {
  const root = storeRoot(context);
  const files = folder(context, 'context');
  writeFileSync(join(files, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  await using engine = await Engine.open({ root });
  const { layout } = engine;
  await engine.builder.build({ context: files, tags: ['one'] }).result;
  // Files are moved away under the locks of objects.
  const held = readdirSync(layout.locks)
    .filter((name) => name.startsWith('object-'))
    .map((name) => openSync(join(layout.locks, name), 'a'));
  for (const fd of held) assert.ok(tryLockFile(fd));
  const child = spawn(strataPath, ['--root', root, 'rmi', 'one'], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await until(
    async () => (await engine.images.list()).length === 0 || child.exitCode !== null,
    () => 'the image is still there',
  );
  child.kill('SIGKILL');
  await ended;
  for (const fd of held) closeSync(fd);
  assert.notDeepEqual((await engine.system.check().result).orphans, []);
  await engine.builder.build({ context: files, dockerfile: { text: 'FROM scratch\nLABEL a=b\n' } }).result;
  assert.deepEqual((await engine.system.check().result).orphans, []);
});

test('collecting garbage takes nothing that is named or cached', { skip }, async (context) => {
  const root = storeRoot(context);
  const files = folder(context, 'context');
  writeFileSync(join(files, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  await using engine = await Engine.open({ root });
  const { id } = await engine.builder.build({ context: files, tags: ['kept'] }).result;
  const collected = await engine.system.collectGarbage().result;
  assert.equal(collected.removed, 0);
  assert.equal((await engine.images.inspect('kept')).id, id);
  assert.deepEqual(
    await engine.builder.build({ context: files, tags: ['kept'] }).result.then((result) => result.id),
    id,
  );
});

test('collecting garbage takes unfinished files of killed processes, and nothing of live ones', {
  skip,
}, async (context) => {
  const root = storeRoot(context);
  await using engine = await Engine.open({ root });
  const store = placesOf(engine);
  using metadata = recordsOf(engine);
  await using lease = await metadata.leases.open('at work');
  const newIndex = (id: string): string => join(store.indexes, unfinishedIndexName({ id }, 'layer'));
  const [dead, digest] = ['0'.repeat(20), `sha256:${'1'.repeat(64)}`];
  const working = `${newIndex(lease.id)}.tmp`;
  const stepLocks = join(store.locks, 'steps');
  const left = [
    newIndex(dead),
    `${newIndex(dead)}.123-abc.tmp`,
    store.index(digest),
    store.blob(digest),
    join(store.ingests, 'half/data'),
    join(stepLocks, '1'.repeat(64)),
  ];
  await using _held = await new KeyLocks(stepLocks).lock('held', {});
  for (const path of [...left, working]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'x');
  }
  await engine.system.collectGarbage().result;
  assert.deepEqual(
    left.filter((path) => existsSync(path)),
    [],
  );
  assert.ok(existsSync(working));
  assert.equal(readdirSync(stepLocks).length, 1);
  assert.deepEqual(readdirSync(store.trash), []);
});
