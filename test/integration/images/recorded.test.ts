// Every operation that makes an image returns the image that the store has recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine, RecordedImage } from '../../../src/engine/index.ts';
import { appendLayer, layerOfFiles } from '../../../src/images/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay');

const layer = tar(file('five', '12345'));
const other = tar(file('three', '123'));

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

async function isRecorded(engine: Engine, made: RecordedImage, name: string, sizeBytes: number): Promise<void> {
  const { id, targets, references } = await engine.images.inspect(name);
  assert.deepEqual(made, { id, target: targets[0], references, sizeBytes });
  assert.deepEqual(references, [name]);
}

test('load, import, build, commit and store return the image that is recorded', { skip }, async (context) => {
  const engine = await testStore(context);
  const archive = asTar(dockerArchive([{ image: image([layer, other]), tags: ['loaded:1'] }]));
  const loaded = await engine.images.load({ input: bytes(archive) }).result;
  assert.equal(loaded.images.length, 1);
  for (const each of loaded.images) await isRecorded(engine, each, 'loaded:1', 8);

  const imported = await engine.images.import({ input: bytes(layer), reference: 'imported:1' }).result;
  await isRecorded(engine, imported, 'imported:1', 5);

  const folder = buildContext(context, ['FROM loaded:1', 'COPY two /'], { two: '12' });
  const built = await engine.builder.build({ context: folder, tags: ['built:1'] }).result;
  await isRecorded(engine, built, 'built:1', 10);

  const { id } = await engine.containers.create({ image: 'loaded:1', command: ['/none'] });
  const committed = await engine.containers.commit(id, { reference: 'committed:1', changes: ['ENV A=b'] }).result;
  await isRecorded(engine, committed, 'committed:1', 8);

  await using base = await engine.images.open('loaded:1');
  const more = await layerOfFiles([{ kind: 'file', path: 'four', content: '1234' }]);
  const stored = await engine.images.store(await appendLayer(base, more), { tags: ['stored:1'] }).result;
  await isRecorded(engine, stored, 'stored:1', 12);
});
