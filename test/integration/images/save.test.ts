import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { readTar } from '../../../src/archive/index.ts';
import { Engine, type SaveEvent } from '../../../src/engine/index.ts';
import {
  asTar,
  dockerArchive,
  type Files,
  image,
  nameAnnotation,
  sha256,
  TestLayout,
} from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { dir, file, hardlink, opaque, raw, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const base = tar(
  dir('etc', { mtime: 1_000_000 }),
  file('etc/name', 'base', { uid: 7, gid: 8, mode: 0o4755 }),
  file('etc/old', 'old'),
  hardlink('etc/link', 'etc/name'),
  symlink('lib', 'usr/lib'),
  dir('usr/lib'),
  file('usr/lib/a', 'a', { xattrs: { 'user.test': Uint8Array.of(0, 255) } }),
);
const change = tar(whiteout('etc/old'), file('etc/name', 'changed'), opaque('usr/lib'), file('usr/lib/b', 'b'));
const other = tar(file('other', 'x'.repeat(5000)));
const app = image([base, change]);

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-save-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function openStore(context: TestContext, storageDriver = 'overlay2'): Promise<Engine> {
  const engine = await Engine.open({ root: folder(context), storageDriver });
  context.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

async function loadImage(context: TestContext, archive: Files, driver?: string): Promise<Engine> {
  const engine = await openStore(context, driver);
  await engine.images.load({ input: bytes(asTar(archive)) }).result;
  return engine;
}

async function save(engine: Engine, images: readonly string[], format?: 'oci-archive'): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const { sizeBytes } = await engine.images.save({
    images,
    output: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
    ...(format === undefined ? {} : { format }),
  }).result;
  const archive = Buffer.concat(chunks);
  assert.equal(archive.length, sizeBytes);
  return archive;
}

async function filesOf(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { entry, body } of readTar(bytes(archive))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
    files.set(Buffer.from(entry.path).toString(), Buffer.concat(chunks));
  }
  return files;
}

const json = (files: Map<string, Buffer>, name: string): unknown => JSON.parse(String(files.get(name)));

for (const driver of ['overlay2', 'vfs']) {
  test(`layers come back bit for bit from their files, ${driver}`, { skip }, async (context) => {
    const engine = await loadImage(context, dockerArchive([{ image: app, tags: ['me/app:1'] }]), driver);
    const archive = await save(engine, ['me/app:1']);
    const files = await filesOf(archive);
    for (const layer of app.layers) assert.deepEqual(files.get(`blobs/sha256/${sha256(layer)}`), Buffer.from(layer));
    assert.deepEqual(files.get(`blobs/sha256/${app.id.slice(7)}`), app.config);
    assert.deepEqual(json(files, 'manifest.json'), [
      {
        Config: `blobs/sha256/${app.id.slice(7)}`,
        RepoTags: ['me/app:1'],
        Layers: app.layers.map((layer) => `blobs/sha256/${sha256(layer)}`),
      },
    ]);
    assert.deepEqual(json(files, 'repositories'), { 'me/app': { '1': sha256(change) } });
    assert.deepEqual(await save(engine, ['me/app:1']), archive, 'the same bytes again');
  });
}

test('a layer that an image shares with a removed one comes from its own files', { skip }, async (context) => {
  const engine = await loadImage(context, dockerArchive([{ image: image([base]), tags: ['base:latest'] }]));
  const files = folder(context);
  writeFileSync(join(files, 'same'), 'same');
  for (const tag of ['one', 'two']) {
    const text = `FROM base\nCOPY same /same\nCOPY <<EOF /own\n${tag}\nEOF\n`;
    // Built again each time: the same first layer has two snapshots.
    await engine.builder.build({ context: files, dockerfile: { text }, tags: [tag], noCache: true }).result;
  }
  await engine.images.remove('one');
  await engine.builder.prune({ all: true });
  assert.ok((await save(engine, ['two'])).length > 0);
});

test('every name and every image is in the archive, shared layers once', { skip }, async (context) => {
  const second = image([base, other]);
  const archive = dockerArchive([
    { image: app, tags: ['me/app:1', 'me/app:2'] },
    { image: second, tags: ['second:1'] },
  ]);
  const engine = await loadImage(context, archive);
  const files = await filesOf(await save(engine, ['me/app', second.id.slice(7, 19), 'second:1']));
  const manifest = json(files, 'manifest.json') as { readonly RepoTags: string[] | null }[];
  assert.deepEqual(
    manifest.map(({ RepoTags }) => RepoTags),
    [['me/app:1', 'me/app:2'], ['second:1']],
  );
  assert.equal([...files.keys()].filter((name) => /^blobs\/sha256\/./.test(name)).length, 3 + 2 + 2);
  const nameless = await filesOf(await save(engine, [app.id]));
  assert.deepEqual((json(nameless, 'manifest.json') as typeof manifest)[0]?.RepoTags, null);
  assert.equal(nameless.has('repositories'), false);
});

test('names such as constructor and __proto__ are kept', { skip }, async (context) => {
  const tags = ['constructor:1', 'app:__proto__'];
  const engine = await loadImage(context, dockerArchive([{ image: app, tags }]));
  const files = await filesOf(await save(engine, tags));
  const top = sha256(change);
  assert.equal(String(files.get('repositories')), `{"constructor":{"1":"${top}"},"app":{"__proto__":"${top}"}}`);
});

for (const [suffix, pack] of [
  ['+gzip', (layer: Uint8Array) => gzipSync(layer)],
  ['+zstd', (layer: Uint8Array) => zstdCompressSync(layer)],
] as const) {
  test(`oci-archive keeps manifest and blobs, docker-archive the image ID: ${suffix}`, { skip }, async (context) => {
    const layout = new TestLayout();
    const top = layout.image(app, pack, suffix, nameAnnotation('me/app:1'));
    const engine = await loadImage(context, layout.index(top));
    const oci = await save(engine, ['me/app:1'], 'oci-archive');
    const files = await filesOf(oci);
    for (const [name, content] of Object.entries(layout.files)) {
      if (name.startsWith('blobs/')) assert.deepEqual(files.get(name), Buffer.from(content), name);
    }
    const again = await openStore(context);
    assert.deepEqual((await again.images.load({ input: bytes(oci) }).result).images, [
      { id: app.id, target: top.digest, references: ['me/app:1'], sizeBytes: 16 },
    ]);
    const docker = await filesOf(await save(engine, ['me/app:1']));
    for (const layer of app.layers) assert.deepEqual(docker.get(`blobs/sha256/${sha256(layer)}`), Buffer.from(layer));
  });
}

test('a layer that its files cannot give back keeps its blob', { skip }, async (context) => {
  const junk = createRandom(7).bytes(3 << 20);
  const odd = image([Buffer.concat([tar(file('a', 'a')), raw(junk)])]);
  for (const pack of [
    (layer: Uint8Array) => layer,
    (input: Uint8Array) => execFileSync('xz', ['-c0'], { input, maxBuffer: 8 << 20 }),
  ]) {
    const engine = await loadImage(context, dockerArchive([{ image: odd, tags: ['odd:1'] }], pack));
    const files = await filesOf(await save(engine, ['odd:1']));
    const [layer] = odd.layers;
    assert.ok(layer);
    assert.equal(sha256(files.get(`blobs/sha256/${sha256(layer)}`) ?? ''), sha256(layer));
  }
});

test('a store with changed files gives an error and no archive', { skip }, async (context) => {
  const engine = await loadImage(context, dockerArchive([{ image: app, tags: ['app:1'] }]));
  const output = folder(context);
  const path = join(output, 'app.tar');
  writeFileSync(path, 'before');
  const victim = placesOf(engine)
    .treePaths()
    .map((tree) => join(tree, 'fs/usr/lib/b'));
  for (const [content, code] of [
    ['c', 'ERR_LAYER_DAMAGED'],
    ['longer', 'ERR_LAYER_TREE_CHANGED'],
  ] as const) {
    for (const name of victim.filter((name) => exists(name))) writeFileSync(name, content);
    await assert.rejects(engine.images.save({ images: ['app:1'], output: path }).result, { code });
    assert.deepEqual(readdirSync(output), ['app.tar']);
    assert.equal(readFileSync(path, 'utf8'), 'before');
  }
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

test('an aborted save, or one that cannot write, leaves no file', { skip }, async (context) => {
  const large = image([tar(file('large', new Uint8Array(24 << 20).fill(7)))]);
  const engine = await loadImage(context, dockerArchive([{ image: large, tags: ['large:1'] }]));
  const output = folder(context);
  const operation = engine.images.save({ images: ['large:1'], output: join(output, 'large.tar') });
  const events: SaveEvent[] = [];
  for await (const event of operation) {
    events.push(event);
    await operation[Symbol.asyncDispose]();
  }
  await assert.rejects(operation.result, { name: 'AbortError' });
  assert.equal(events[0]?.state, 'saving');
  assert.deepEqual(readdirSync(output), []);
  const images = ['large:1'];
  await assert.rejects(engine.images.save({ images, output: join(output, 'no/x') }).result, {
    code: 'ERR_OUTPUT_INVALID',
  });
  await assert.rejects(engine.images.save({ images, output }).result, { code: 'ERR_OUTPUT_INVALID' });
  await assert.rejects(engine.images.save({ images: ['absent'], output: join(output, 'x') }).result, {
    code: 'ERR_IMAGE_NOT_FOUND',
  });
  assert.deepEqual(readdirSync(output), []);
});

test('skopeo reads a saved archive, and its own archive is loaded', {
  skip: skip || needs('skopeo'),
}, async (context) => {
  const engine = await loadImage(context, dockerArchive([{ image: app, tags: ['docker.io/me/app:1'] }]));
  const output = folder(context);
  const at = (name: string): string => join(output, name);
  const skopeo = (...args: readonly string[]): void => {
    execFileSync('skopeo', ['--insecure-policy', 'copy', '-q', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  await engine.images.save({ images: ['me/app:1'], output: at('docker.tar') }).result;
  await engine.images.save({ images: ['me/app:1'], output: at('oci.tar'), format: 'oci-archive' }).result;
  skopeo(`docker-archive:${at('docker.tar')}:docker.io/me/app:1`, `dir:${at('from-docker')}`);
  skopeo(`oci-archive:${at('oci.tar')}:1`, `dir:${at('from-oci')}`);
  for (const from of ['from-docker', 'from-oci']) {
    const manifest = JSON.parse(readFileSync(join(at(from), 'manifest.json'), 'utf8')) as {
      config: { digest: string };
    };
    assert.equal(manifest.config.digest, app.id);
  }
  skopeo(`oci-archive:${at('oci.tar')}:1`, `docker-archive:${at('skopeo-docker.tar')}:me/app:2`);
  skopeo('--dest-compress-format=zstd', `oci-archive:${at('oci.tar')}:1`, `oci:${at('skopeo-oci')}:example.com/app:3`);
  for (const name of ['skopeo-docker.tar', 'skopeo-oci']) {
    const again = await openStore(context);
    assert.equal((await again.images.load({ input: at(name) }).result).images[0]?.id, app.id, name);
  }
  const piped = await openStore(context);
  const input = createReadStream(at('skopeo-docker.tar'));
  assert.deepEqual((await piped.images.load({ input }).result).images[0]?.references, ['me/app:2']);
});

test('umoci unpacks a saved archive', { skip: skip || needs('umoci') }, async (context) => {
  const layout = new TestLayout();
  const engine = await loadImage(
    context,
    layout.index(layout.image(app, (layer) => gzipSync(layer), '+gzip', nameAnnotation('a/b:1'))),
  );
  const output = folder(context);
  const archive = join(output, 'oci.tar');
  await engine.images.save({ images: ['a/b:1'], output: archive, format: 'oci-archive' }).result;
  execFileSync('mkdir', [join(output, 'oci')]);
  execFileSync('tar', ['-xf', archive, '-C', join(output, 'oci')]);
  execFileSync('umoci', ['unpack', '--image', `${join(output, 'oci')}:1`, join(output, 'bundle')], { stdio: 'pipe' });
  assert.equal(readFileSync(join(output, 'bundle/rootfs/etc/name'), 'utf8'), 'changed');
  assert.equal(exists(join(output, 'bundle/rootfs/etc/old')), false);
  assert.equal(exists(join(output, 'bundle/rootfs/usr/lib/a')), false);
});
