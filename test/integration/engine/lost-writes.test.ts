// Data that a disk took and then lost is never part of an image that is acknowledged later.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type BuildRequest, Engine } from '../../../src/engine/index.ts';
import { syncFilesystem } from '../../../src/sys/syncfs.ts';
import { folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { mountLosingDisk } from '../../helpers/losing-disk.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'mkfs.ext4');

/** Builds and returns the states of the steps, without those of their keys. */
async function statesOf(engine: Engine, request: BuildRequest): Promise<string[]> {
  const states: string[] = [];
  const build = engine.builder.build(request);
  for await (const event of build) if (event.type === 'step') states.push(event.step.state);
  await build.result;
  return states.filter((state) => state !== 'unkeyed' && state !== 'keyed');
}

test('a step whose files were lost when they were flushed is made again by the next build', {
  skip,
}, async (context) => {
  const disk = mountLosingDisk(context);
  const large = randomBytes(10 << 20);
  const build = { context: folderWith(context, { large, Dockerfile: 'FROM scratch\nCOPY large /large\n' }) };
  const root = join(disk.path, 'root');
  mkdirSync(root);
  // The database is on another disk, which loses nothing.
  symlinkSync(join(temporaryFolder(context), 'strata.db'), join(root, 'strata.db'));
  removeRunStateAfter(context, root);
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  await assert.rejects(engine.builder.build(build).result, /syncfs|no space left on device/);
  assert.deepEqual(await engine.images.list(), []);
  assert.deepEqual(readdirSync(placesOf(engine).trees), []);
  disk.mend();
  // Reads the error of everything else lost until now, so that the build does not get it.
  await syncFilesystem(root).catch(() => undefined);
  assert.deepEqual(await statesOf(engine, build), ['running', 'done']);
  assert.deepEqual(await statesOf(engine, build), ['hit']);
});
