// A power cut after a command that created or changed a container or a name: acknowledged changes are still there.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { needs } from '../../helpers/needs.ts';
import { PowerDisk, powerCuts } from '../../helpers/power-cut.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

/** Cuts the power of a store's disk after `work`, and passes the store to `look` after another start of the machine. */
async function cutAfter(
  context: TestContext,
  storageDriver: string,
  work: (engine: Engine) => Promise<unknown>,
  look: (engine: Engine) => Promise<void>,
): Promise<void> {
  using disk = new PowerDisk();
  const root = join(disk.path, 'store');
  const layout = placesOf(root);
  removeRunStateAfter(context, root);
  {
    await using engine = await Engine.open({ root, storageDriver });
    await engine.builder.build({ context: busyboxContext(context), tags: ['busybox'] }).result;
    // Later writes to the log take no new blocks, whose allocation would make the filesystem write out all earlier
    // data.
    using log = new DatabaseSync(layout.database);
    log.exec('PRAGMA wal_checkpoint(RESTART)');
    await work(engine);
    disk.cut(powerCuts['log lost'] ?? 0);
  }
  await disk.startAgain();
  (await Metadata.open({ database: layout.database, locksDirectory: layout.locks, bootId: 'another' }))[
    Symbol.dispose
  ]();
  await using engine = await Engine.open({ root });
  await look(engine);
}

for (const driver of ['overlay2', 'vfs']) {
  test(`a created container can be started after a power cut, ${driver}`, {
    skip: needs('root', 'loop', 'mkfs.ext4', 'losetup', 'overlay', 'runc', 'conmon', 'busybox'),
  }, async (context) => {
    await cutAfter(
      context,
      driver,
      (engine) => engine.containers.create({ image: 'busybox', name: 'one', command: ['true'] }),
      async ({ containers }) => {
        await containers.start('one');
        assert.equal(await containers.wait('one'), 0);
        await containers.remove('one');
      },
    );
  });
}

test('acknowledged names, removals and exit codes survive a power cut', {
  skip: needs('root', 'loop', 'mkfs.ext4', 'losetup', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (context) => {
  await cutAfter(
    context,
    'overlay2',
    async ({ containers, images }) => {
      const image = 'busybox';
      for (const name of ['gone', 'old', 'ended'])
        await containers.create({ image, name, command: ['sh', '-c', 'exit 3'] });
      await images.tag('busybox', 'taken:1');
      await containers.start('ended');
      assert.equal(await containers.wait('ended'), 3);
      await containers.remove('gone');
      await containers.rename('old', 'new');
      await images.remove('taken:1');
      await images.tag('busybox', 'given:1');
    },
    async ({ containers, images }) => {
      const listed = await containers.list({ all: true });
      assert.deepEqual(listed.map(({ name, status }) => `${name} ${status.slice(0, 10)}`).sort(), [
        'ended Exited (3)',
        'new Created',
      ]);
      assert.deepEqual((await images.list()).map(({ repository }) => repository).sort(), ['busybox', 'given']);
    },
  );
});
