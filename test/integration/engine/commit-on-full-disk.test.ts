// A commit without space for it fails with a clear error, leaves nothing, and the container stays as it was.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isKind } from '../../../src/errors/index.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox', 'loop');

test('a commit without space for its copy fails and leaves nothing', { skip }, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0'], { megabytes: 64 });
  const root = join(disk.path, 'root');
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  removeRunStateAfter(context, engine.layout.root);
  await engine.builder.build({ context: busyboxContext(context), tags: ['box'] }).result;
  const fill = async (name: string, megabytes: number): Promise<void> => {
    const script = `dd if=/dev/urandom of=/tmp/data bs=1M count=${megabytes} 2>/dev/null`;
    const { exitCode } = await engine.containers.run({ image: 'box', name, command: ['sh', '-c', script] }).result;
    assert.equal(exitCode, 0);
  };
  await fill('large', 30);
  const before = {
    snapshots: readdirSync(placesOf(root).trees).sort(),
    indexes: readdirSync(placesOf(root).indexes).sort(),
    images: (await engine.images.list()).map(({ id }) => id),
  };
  const assertRefused = async (container: string): Promise<void> => {
    await assert.rejects(engine.containers.commit(container, { reference: 'made' }).result, (error) =>
      isKind(error, 'exhausted'),
    );
    assert.deepEqual(readdirSync(placesOf(root).trees).sort(), before.snapshots);
    assert.deepEqual(readdirSync(placesOf(root).indexes).sort(), before.indexes);
    assert.deepEqual(readdirSync(placesOf(root).trash), []);
    assert.deepEqual(
      (await engine.images.list()).map(({ id }) => id),
      before.images,
    );
  };
  await assertRefused('large');
  const { deleted } = await engine.containers.prune();
  assert.equal(deleted.length, 1);
  await fill('small', 5);
  const { id } = await engine.containers.commit('small', { reference: 'made' }).result;
  assert.equal((await engine.images.inspect('made')).id, id);
});
