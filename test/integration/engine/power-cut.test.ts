// A power cut under a store: acknowledged images are there, down to the last byte of every file.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../../src/engine/index.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { folderWith } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';
import { PowerDisk, powerCuts } from '../../helpers/power-cut.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { removeRunStateAfter, storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { type KilledWork, killedWorks } from './killed-works.ts';

const seed = runSeed();
const random = createRandom(seed);

interface Cut {
  readonly flag: number;
  /** Undefined waits for the command's end: its image is acknowledged. */
  readonly afterMs: number | undefined;
}

/** Opens the store as after another boot, which removes records that were not marked as flushed. */
async function startAnotherBoot(root: string): Promise<void> {
  const { database, locks } = placesOf(root);
  (await Metadata.open({ database, locksDirectory: locks, bootId: 'another' }))[Symbol.dispose]();
}

/** Works on a disk whose power is cut; returns whether the image exists. */
async function cutUnder(context: TestContext, name: string, { flag, afterMs }: Cut): Promise<boolean> {
  using disk = new PowerDisk();
  const root = join(disk.path, 'store');
  removeRunStateAfter(context, root);
  const work = await (async (): Promise<KilledWork | undefined> => {
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    return (await killedWorks(context, engine)).find((each) => each.name === name);
  })();
  assert.ok(work?.makes);
  const child = spawn(strataPath, ['--root', root, ...work.args], { stdio: 'ignore' });
  const closed = once(child, 'close') as Promise<[number | null]>;
  if (afterMs === undefined) assert.deepEqual((await closed)[0], 0);
  else await Promise.race([sleep(afterMs), closed]);
  const isAcknowledged = child.exitCode === 0;
  const unflushed = join(disk.path, 'unflushed');
  writeFileSync(unflushed, Buffer.alloc(100_000, 'x'));
  disk.cut(flag);
  child.kill('SIGKILL');
  await closed;
  await disk.startAgain();
  assert.notEqual(statSync(unflushed, { throwIfNoEntry: false })?.blocks, 200, 'the cut was one');

  await startAnotherBoot(root);
  await using engine = await Engine.open({ root });
  const names = (await engine.images.list()).map(({ repository, tag }) => `${repository}:${tag}`);
  assert.ok(names.includes('base:latest'));
  const isThere = names.includes(work.makes.name);
  assert.ok(isThere || !isAcknowledged, 'acknowledged, and gone');
  assert.deepEqual((await engine.system.check().result).damages, []);
  return isThere;
}

const works = ['build', 'load', 'import', 'commit'];

test(`an acknowledged image survives a power cut (STRATA_SEED=${seed})`, {
  skip: needs('root', 'loop', 'mkfs.ext4', 'losetup', 'overlay', 'runc', 'busybox'),
}, async (context) => {
  const all = Object.entries(powerCuts).flatMap(([what, flag]) => works.map((name) => ({ what, flag, name })));
  const chosen = isSoak ? all : [random.pick(all)];
  for (const { what, flag, name } of chosen) {
    for (let round = 0; round < (isSoak ? 10 : 1); round++) {
      const afterMs = round % 2 === 0 ? undefined : 200 + random.next(800);
      try {
        const isThere = await cutUnder(context, name, { flag, afterMs });
        if (isSoak)
          console.log(JSON.stringify({ seed, scenario: `power cut, ${what}, ${name}`, round, afterMs, isThere }));
      } catch (error) {
        throw new Error(`seed ${seed}, ${what}, ${name}, round ${round}, ${afterMs} ms`, { cause: error });
      }
    }
  }
});

test('a layer that is made again is not lost to the image that has it already', {
  skip: needs('root', 'loop', 'mkfs.ext4', 'losetup', 'overlay'),
}, async (context) => {
  // Without ext4's flush for programs that rename files unflushed, as on other filesystems.
  using disk = new PowerDisk(64, 'noauto_da_alloc');
  const root = join(disk.path, 'store');
  removeRunStateAfter(context, root);
  const files = folderWith(context, { f: 'x', g: 'y', Dockerfile: 'FROM scratch\nCOPY f g /\n' });
  {
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    await engine.builder.build({ context: files, tags: ['one'] }).result;
    const again = engine.builder.build({ context: files, tags: ['two'], noCache: true });
    for await (const event of again) if (event.type === 'layer') disk.cut(powerCuts['log flushed, data lost'] ?? 0);
    // The build fails, unless its flush was faster.
    await again.result.catch(() => undefined);
  }
  await disk.startAgain();
  await startAnotherBoot(root);
  await using engine = await Engine.open({ root });
  assert.deepEqual((await engine.system.check().result).damages, []);
});

test('a layer that no image names yet is forgotten after a power cut, whatever its index contains', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  const root = storeRoot(context);
  {
    await using store = openStoreAt(root);
    await store.openForWriting();
    await using lease = await store.metadata.leases.open('test');
    const { snapshotter } = await store.openDriver();
    const { id } = await snapshotter.prepare(undefined, { lease });
    {
      await using tree = await store.trees.open(id, { access: 'write' });
      writeFileSync(join(tree.path, 'file'), 'x');
    }
    await snapshotter.commit(id, { lease, durable: false });
    const { diffId } = await store.layers.make(id, { chainId: undefined, made: [] }, { lease });
    // The index was renamed, but its bytes are not on the disk.
    truncateSync(placesOf(root).index(diffId), 0);
    await startAnotherBoot(root);
    assert.equal(store.metadata.layers.get(diffId), undefined);
  }
  await using engine = await Engine.open({ root });
  assert.deepEqual((await engine.system.check().result).damages, []);
  await engine.system.collectGarbage().result;
  assert.deepEqual(readdirSync(placesOf(root).indexes), []);
});
