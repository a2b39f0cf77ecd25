// Layers that their files cannot give back: those that write through a symlink of a layer below, and archives that hold
// more than files can. They are kept as a blob, with every image that has them, and a check knows.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readTar } from '../../../src/archive/index.ts';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { asTar, dockerArchive, image, sha256, type TestImage } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { dir, file, raw, symlink, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const merged = tar(dir('usr'), dir('usr/lib'), symlink('lib', 'usr/lib'));
const upper = tar(file('lib/file', 'through the symlink'));
const dependent = image([merged, upper]);
const plain = image([upper]);

async function open(context: TestContext, storageDriver = 'overlay2'): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(context), storageDriver });
  context.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

type Pack = (layer: Uint8Array) => Uint8Array;

const bare: Pack = (layer) => layer;
const gzip: Pack = (layer) => gzipSync(layer);

async function load(engine: Engine, what: TestImage, tag: string, pack: Pack): Promise<void> {
  await engine.images.load({ input: bytes(asTar(dockerArchive([{ image: what, tags: [tag] }], pack))) }).result;
}

async function savedLayers(engine: Engine, name: string): Promise<ReadonlySet<string>> {
  const chunks: Uint8Array[] = [];
  await engine.images.save({ images: [name], output: async (chunk) => void chunks.push(Uint8Array.from(chunk)) })
    .result;
  const found = new Set<string>();
  for await (const { entry, body } of readTar(bytes(Buffer.concat(chunks)))) {
    const content: Uint8Array[] = [];
    for await (const chunk of body) content.push(Uint8Array.from(chunk));
    if (Buffer.from(entry.path).toString().startsWith('blobs/sha256/')) found.add(sha256(Buffer.concat(content)));
  }
  return found;
}

async function checkWhole(engine: Engine, images: Readonly<Record<string, TestImage>>, what: string): Promise<void> {
  assert.deepEqual((await engine.system.check().result).damages, [], what);
  for (const [name, { layers }] of Object.entries(images)) {
    const found = await savedLayers(engine, name);
    for (const layer of layers) assert.ok(found.has(sha256(layer)), `${what}: ${name} is saved as it was`);
  }
}

const orders: Readonly<Record<string, readonly (readonly [TestImage, string, Pack])[]>> = {
  'the image alone': [[dependent, 'merged:1', bare]],
  'then its layer without the base': [
    [dependent, 'merged:1', bare],
    [plain, 'plain:1', bare],
  ],
  'its layer without the base first': [
    [plain, 'plain:1', bare],
    [dependent, 'merged:1', bare],
  ],
  'gzip, then its layer without the base': [
    [dependent, 'merged:1', gzip],
    [plain, 'plain:1', bare],
  ],
  'the same as gzip and as tar beside its layer without the base': [
    [plain, 'plain:1', bare],
    [dependent, 'merged:1', gzip],
    [dependent, 'merged:2', bare],
  ],
};

for (const [order, steps] of Object.entries(orders)) {
  for (const driver of ['overlay2', 'vfs']) {
    test(`a layer through a symlink of a lower one is whole: ${order}, ${driver}`, { skip }, async (context) => {
      const engine = await open(context, driver);
      for (const [what, tag, pack] of steps) await load(engine, what, tag, pack);
      const images = Object.fromEntries(steps.map(([what, tag]) => [tag, what]));
      await checkWhole(engine, images, 'loaded');
      if (images['plain:1'] === undefined) return;
      await engine.images.remove('plain:1');
      await checkWhole(engine, { 'merged:1': dependent }, 'without the other');
    });
  }
}

test('a check misses the removed blob of such a layer', { skip }, async (context) => {
  const engine = await open(context);
  await load(engine, dependent, 'merged:1', bare);
  rmSync(placesOf(engine).blob(`sha256:${sha256(upper)}`));
  const { damages } = await engine.system.check().result;
  assert.deepEqual(
    damages.map(({ kind, problem }) => [kind, problem]),
    [['blob', 'is missing']],
  );
});

for (const [what, base] of [
  ['a layer through a symlink', dependent],
  [
    'an archive with more than files',
    image([Buffer.concat([tar(file('a', 'a')), raw(createRandom(7).bytes(3 << 20))])]),
  ],
] as const) {
  for (const [form, pack] of [
    ['tar', bare],
    ['gzip', gzip],
  ] as const) {
    test(`an image keeps the blobs of its removed base: ${what}, ${form}`, { skip }, async (context) => {
      const engine = await open(context);
      await load(engine, base, 'base:1', pack);
      const folder = buildContext(context, ['FROM base:1', 'LABEL a=b']);
      await engine.builder.build({ context: folder, tags: ['child:1'] }).result;
      await engine.images.remove('base:1');
      await checkWhole(engine, { 'child:1': base }, 'the child');
    });
  }
}

test('an imported archive with more than files is no damage, and its image keeps it', { skip }, async (context) => {
  const engine = await open(context);
  const archive = Buffer.concat([tar(file('a', 'a')), raw(createRandom(7).bytes(3 << 20))]);
  await engine.images.import({ input: bytes(archive), reference: 'odd:1' }).result;
  await engine.builder.build({ context: buildContext(context, ['FROM odd:1', 'LABEL a=b']), tags: ['child:1'] }).result;
  await engine.images.remove('odd:1');
  await checkWhole(engine, { 'child:1': image([archive]) }, 'the child');
});
