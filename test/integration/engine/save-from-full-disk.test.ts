// Images are saved elsewhere to free space: a save must not need any.
import assert from 'node:assert/strict';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';

/** Appends chunks to the file at `path` until none fits. */
function append(path: string, chunkBytes: number): void {
  const fd = openSync(path, 'a');
  try {
    for (const chunk = Buffer.alloc(chunkBytes); ; ) writeSync(fd, chunk);
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}

test('images are saved elsewhere and checked without a free byte', {
  skip: needs('root', 'loop', 'mkfs.ext4', 'overlay', 'busybox'),
}, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0']);
  const root = join(disk.path, 'store');
  const out = join(temporaryFolder(context, 'out'), 'out.tar');
  {
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    await engine.builder.build({ context: busyboxContext(context), tags: ['one'] }).result;
  }
  for (const chunkBytes of [1 << 20, 512]) append(join(disk.path, 'ballast'), chunkBytes);
  await using engine = await Engine.open({ root });
  await assert.rejects(engine.images.tag('one', 'two'), (error) => isStrataError(error, 'ERR_STORE_FULL'));
  await engine.images.save({ images: ['one'], output: out }).result;
  assert.ok(statSync(out).size > 0);
  assert.deepEqual((await engine.system.check().result).damages, []);
});
