// A store on a filesystem that takes no writes: mounted read-only, or made so by the kernel after a fault.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';
import { PowerDisk } from '../../helpers/power-cut.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

const skip = needs('root', 'loop', 'mkfs.ext4', 'overlay', 'busybox');

async function fillStore(context: TestContext, root: string): Promise<void> {
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  removeRunStateAfter(context, engine.layout.root);
  await engine.builder.build({ context: busyboxContext(context), tags: ['busybox'] }).result;
  await engine.containers.create({ image: 'busybox', name: 'one', command: ['true'] });
}

/** Files that SQLite may have left beside the database. */
const leavings: Readonly<Record<string, (database: string) => void>> = {
  'as commands leave it': () => {},
  'closed by another program': (database) => {
    const connection = new DatabaseSync(database);
    connection.exec('PRAGMA wal_checkpoint');
    connection.close();
  },
  'with a log and no index of it': (database) => rmSync(`${database}-shm`),
};

for (const [what, leaveBehind] of Object.entries(leavings)) {
  test(`a read-only store can be listed, saved and checked, ${what}`, { skip }, async (context) => {
    using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
    const root = join(disk.path, 'store');
    const out = join(temporaryFolder(context, 'out'), 'out.tar');
    await fillStore(context, root);
    leaveBehind(join(root, 'strata.db'));
    output('mount', '-o', 'remount,ro', disk.path);
    await using engine = await Engine.open({ root });
    assert.equal((await engine.images.list()).length, 1);
    assert.equal((await engine.images.tree()).images.length, 1);
    assert.ok((await engine.images.history('busybox')).steps.length > 0);
    assert.equal((await engine.images.inspect('busybox')).storage.directories.length, 1);
    assert.equal((await engine.containers.list({ all: true })).length, 1);
    await engine.containers.inspect('one');
    assert.equal((await engine.system.info()).images, 1);
    await engine.system.diskUsage();
    assert.ok((await engine.images.save({ images: ['busybox'], output: out }).result).sizeBytes > 0);
    assert.ok((await engine.containers.export('one', { output: `${out}.one` }).result).sizeBytes > 0);
    assert.deepEqual((await engine.system.check().result).damages, []);

    const writing: Readonly<Record<string, () => Promise<unknown>>> = {
      run: () => engine.containers.run({ image: 'busybox', command: ['true'] }).result,
      create: () => engine.containers.create({ image: 'busybox' }),
      start: () => engine.containers.start('one'),
      remove: () => engine.containers.remove('one'),
      tag: () => engine.images.tag('busybox', 'other'),
      removeImage: () => engine.images.remove('busybox'),
      prune: () => engine.system.collectGarbage().result,
      build: () => engine.builder.build({ context: busyboxContext(context) }).result,
      load: () => engine.images.load({ input: out }).result,
      commit: () => engine.containers.commit('one').result,
    };
    for (const [name, write] of Object.entries(writing)) {
      await assert.rejects(write, { code: 'ERR_STORE_READ_ONLY', kind: 'failed-precondition' }, name);
    }
  });
}

test('a broken disk is reported as one', { skip }, async (context) => {
  using disk = new PowerDisk(64);
  const root = join(disk.path, 'store');
  await fillStore(context, root);
  disk.cut(2);
  const error = await Engine.open({ root }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  assert.ok(isStrataError(error, 'ERR_STORE_IO'), inspect(error));
  assert.match(error.message, /the disk reported a fault/);
});
