// Documents of images that lie, where they come in: refused as a whole, or without effect.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../../src/engine/index.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import {
  asTar,
  dockerArchive,
  type Files,
  image,
  nameAnnotation,
  sha256,
  type TestDescriptor,
  type TestImage,
  TestLayout,
} from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

async function openStore(context: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  context.after(async () => await engine[Symbol.asyncDispose]());
  return engine;
}

async function load(engine: Engine, files: Files): Promise<readonly string[]> {
  async function* input(): AsyncGenerator<Uint8Array> {
    yield asTar(files);
  }
  const { images } = await engine.images.load({ input: input() }).result;
  return images.map(({ id }) => id);
}

const layer = tar(file('a', 'a'));
const app = image([layer]);
const zip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes);
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar';

interface Parts {
  readonly config: TestDescriptor;
  readonly layers: readonly TestDescriptor[];
}

/** Returns a layout of one image with changes to its manifest. */
function layoutWith(change: (layout: TestLayout, parts: Parts) => Readonly<Record<string, unknown>>): Files {
  const layout = new TestLayout();
  const parts = { config: layout.blob(app.config, configType), layers: [layout.blob(layer, layerType)] };
  return layout.index(layout.document({ ...parts, ...change(layout, parts) }, 'manifest', nameAnnotation('app:1')));
}

/** Returns a layout whose index names a blob that it does not have. */
const indexOf = (entry: Partial<TestDescriptor>): Files =>
  new TestLayout().index({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: '', size: 10, ...entry });

const changedConfig = (change: Readonly<Record<string, unknown>>): TestImage => image([layer], change);

const refused: Readonly<Record<string, readonly [files: () => Files, code: ErrorCode]>> = {
  'B3: a digest that is a path': [() => indexOf({ digest: 'sha256:../../../etc/passwd' }), 'ERR_DIGEST_INVALID'],
  'B3: md5': [() => indexOf({ digest: `md5:${'0'.repeat(32)}` }), 'ERR_DIGEST_UNSUPPORTED'],
  'B3: upper case': [() => indexOf({ digest: `sha256:${'A'.repeat(64)}` }), 'ERR_DIGEST_INVALID'],
  'B3: a layer whose digest is a path': [
    () => layoutWith((_, { layers: [one] }) => ({ layers: [{ ...one, digest: 'sha256:../../x' }] })),
    'ERR_DIGEST_INVALID',
  ],
  'B4: manifests beside layers': [() => layoutWith(() => ({ manifests: [] })), 'ERR_DOCUMENT_INVALID'],
  'B4: a manifest called an index': [
    () => layoutWith(() => ({ mediaType: 'application/vnd.oci.image.index.v1+json' })),
    'ERR_DOCUMENT_INVALID',
  ],
  'B4: another type than its descriptor has': [
    () => layoutWith(() => ({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' })),
    'ERR_DOCUMENT_INVALID',
  ],
  'B6: a manifest above 4 MiB': [
    () => layoutWith(() => ({ annotations: { a: 'x'.repeat(4 << 20) } })),
    'ERR_ARCHIVE_FILE_TOO_LARGE',
  ],
  'B7: a negative size': [
    () => layoutWith((_, { layers: [one] }) => ({ layers: [{ ...one, size: -1 }] })),
    'ERR_DOCUMENT_INVALID',
  ],
  'B7: a size that no file has': [
    () => layoutWith((_, { layers: [one] }) => ({ layers: [{ ...one, size: 2 ** 53 - 1 }] })),
    'ERR_ARCHIVE_INVALID',
  ],
  'B8: ten thousand manifests and one': [
    () => new TestLayout().index(...Array<TestDescriptor>(10_001).fill({ mediaType: 'x/y', digest: '', size: 1 })),
    'ERR_DOCUMENT_TOO_LARGE',
  ],
  'B10: data of another length': [
    () => layoutWith((_, { config }) => ({ config: { ...config, data: 'e30=' } })),
    'ERR_DOCUMENT_INVALID',
  ],
  'B11: more layers than diffIDs': [
    () => layoutWith((_, { layers: [one] }) => ({ layers: [one, one] })),
    'ERR_LAYERS_MISMATCH',
  ],
  'B11: fewer layers than diffIDs': [() => layoutWith(() => ({ layers: [] })), 'ERR_LAYERS_MISMATCH'],
  'B14: NUL in a variable': [
    () => dockerArchive([{ image: changedConfig({ config: { Env: ['A=1\0B=2'] } }), tags: ['app:1'] }]),
    'ERR_DOCUMENT_INVALID',
  ],
  'B16: a name that leads elsewhere': [
    () => dockerArchive([{ image: app, tags: ['../../app:1'] }]),
    'ERR_REFERENCE_INVALID',
  ],
  'B16: a name that would be escaped': [
    () => dockerArchive([{ image: app, tags: ['%2e%2e/app:1'] }]),
    'ERR_REFERENCE_INVALID',
  ],
};

for (const [name, [files, code]] of Object.entries(refused)) {
  test(`refused, with nothing left: ${name}`, { skip }, async (context) => {
    const engine = await openStore(context);
    await assert.rejects(load(engine, files()), (error) => {
      assert.ok(isStrataError(error, code), String(error));
      return true;
    });
    assert.deepEqual(await engine.images.list(), []);
    const { blobs, indexes, trees } = placesOf(engine);
    for (const folder of [blobs, indexes, trees]) assert.deepEqual(readdirSync(folder), []);
  });
}

test('data in a descriptor is not taken for its blob (B10)', { skip }, async (context) => {
  const engine = await openStore(context);
  const lie = Buffer.from(app.config).fill(0x20).toString('base64');
  const files = layoutWith((_, { config }) => ({ config: { ...config, data: lie } }));
  assert.deepEqual(await load(engine, files), [app.id]);
  assert.deepEqual((await engine.system.check().result).damages, []);
});

test('one layer twice counts as two layers (B11)', { skip }, async (context) => {
  const engine = await openStore(context);
  const twice = image([layer, layer]);
  assert.deepEqual(await load(engine, dockerArchive([{ image: twice, tags: ['twice:1'] }])), [twice.id]);
  const layout = new TestLayout();
  assert.deepEqual(await load(engine, layout.index(layout.image(twice, zip, '+gzip', nameAnnotation('twice:2')))), [
    twice.id,
  ]);
  assert.equal((await engine.images.history('twice:1')).steps.length, 2);
  assert.deepEqual((await engine.system.check().result).damages, []);
});

test('the last of two images with one name in an archive has it, as with docker (B15)', { skip }, async (context) => {
  const engine = await openStore(context);
  const other = changedConfig({ author: 'other' });
  const files = dockerArchive([
    { image: app, tags: ['app:1'] },
    { image: other, tags: ['app:1'] },
  ]);
  await load(engine, files);
  assert.equal((await engine.images.inspect('app:1')).id, other.id);
});

test('names of the host in a config are kept as text without effect (B13, B14)', { skip }, async (context) => {
  const engine = await openStore(context);
  const config = {
    Labels: { 'com.docker.compose.project': 'x', 'io.podman.annotations.autoremove': 'TRUE', '../../x': '../../y' },
    Volumes: { '/../../etc': {} },
    WorkingDir: '/proc/self/fd/8',
    User: '4294967296',
  };
  const hostile = changedConfig({ config });
  await load(engine, dockerArchive([{ image: hostile, tags: ['hostile:1'] }]));
  assert.equal((await engine.images.inspect('hostile:1')).id, `sha256:${sha256(hostile.config)}`);
  await assert.rejects(
    engine.containers.run({ image: 'hostile:1', command: ['/a'] }).result,
    (error) => isStrataError(error) && error.kind !== 'internal',
  );
  assert.deepEqual(await engine.containers.list({ all: true }), []);
});

test('an image named by sha512 throughout is as good as any other', { skip }, async (context) => {
  const engine = await openStore(context);
  const files: Files = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
  const put = (bytes: Uint8Array | string, mediaType: string): TestDescriptor => {
    const hex = createHash('sha512').update(bytes).digest('hex');
    files[`blobs/sha512/${hex}`] = bytes;
    return { mediaType, digest: `sha512:${hex}`, size: Buffer.byteLength(bytes) };
  };
  const config = put(app.config, configType);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const document = { schemaVersion: 2, mediaType, config, layers: [put(zip(layer), `${layerType}+gzip`)] };
  const manifest = put(JSON.stringify(document), mediaType);
  files['index.json'] = JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, ...nameAnnotation('app:1') }] });
  assert.deepEqual(await load(engine, files), [config.digest]);
  assert.equal((await engine.images.inspect('app:1')).id, config.digest);
  await using open = await engine.images.open('app:1');
  assert.equal(Buffer.from(await open.readFile('/a')).toString(), 'a');
  for (const format of ['docker-archive', 'oci-archive'] as const) {
    await engine.images.save({ images: ['app:1'], format, output: async () => {} }).result;
  }
  assert.deepEqual((await engine.system.check().result).damages, []);
});
