// Images made of images, and stored.
import assert from 'node:assert/strict';
import { createReadStream, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine, type Image, type Layer } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import {
  annotateImage,
  appendLayer,
  changeConfig,
  flattenImage,
  layerOfFiles,
  layerOfTar,
  type NewFile,
  rebaseImage,
  retimeImage,
} from '../../../src/images/index.ts';
import { displayBytes } from '../../../src/lib/bytes.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { closeAfter } from '../../helpers/close-after.ts';
import { asTar, dockerArchive, image, nameAnnotation, TestLayout } from '../../helpers/image-archives.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { imageListing } from '../../helpers/merged-listing.ts';
import { needs, output } from '../../helpers/needs.ts';
import { dir, file, hardlink, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const skip = needs('root', 'overlay');

const base = tar(
  dir('etc', { mtime: 2, mode: 0o750 }),
  file('etc/name', 'base', { mtime: 3, xattrs: { 'user.note': 'kept' } }),
  file('etc/old', 'old', { mtime: 4 }),
  symlink('lib', 'etc', { mtime: 5 }),
);
const above = tar(file('etc/app', 'app', { mtime: 6 }), whiteout('etc/old'), hardlink('app', 'etc/app'));

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

async function emptyStore(context: TestContext, storageDriver = 'overlay2'): Promise<Engine> {
  return closeAfter(context, await Engine.open({ root: temporaryFolder(context), storageDriver }));
}

async function loadImage(context: TestContext, layers: readonly Uint8Array[], extra = {}): Promise<Engine> {
  const engine = await emptyStore(context);
  const archive = dockerArchive([{ image: image(layers, extra), tags: ['app:1'] }]);
  await engine.images.load({ input: bytes(asTar(archive)) }).result;
  return engine;
}

async function openImage(context: TestContext, engine: Engine, name = 'app:1'): Promise<Image> {
  return closeAfter(context, await engine.images.open(name));
}

const text = async (content: Promise<Uint8Array>): Promise<string> => displayBytes(await content);

const treeOf = (engine: Engine, name: string): Promise<string[]> =>
  withImageTree(engine, name, (folder) => treeListing(`${folder}/.`));

const files: readonly NewFile[] = [
  { kind: 'file', path: 'etc/motd', content: 'hello\n', mode: 0o600, uid: 3 },
  { kind: 'symlink', path: '/var/run', target: '/run' },
  { kind: 'directory', path: 'data/', mode: 0o700 },
  { kind: 'whiteout', path: 'etc/name' },
];

test('a layer of files on an image is stored and runs as any other', { skip }, async (context) => {
  const engine = await loadImage(context, [base, above]);
  const app = await openImage(context, engine);
  const layer = await layerOfFiles(files);
  const made = await changeConfig(await appendLayer(app, layer, { created_by: 'add files' }), (config) => ({
    ...config,
    config: { ...config.config, Entrypoint: ['/app'], Env: ['A=1'], Labels: { team: 'blue' } },
  }));
  assert.equal(await text(made.readFile('/etc/motd')), 'hello\n', 'before it is stored');
  const events: string[] = [];
  await using storing = engine.images.store(made, { tags: ['made', 'also:2'] });
  for await (const event of storing) if (event.type === 'layer') events.push(event.state);
  const stored = await storing.result;
  assert.deepEqual(
    events.filter((state) => state !== 'unpacking'),
    ['exists', 'exists', 'done'],
  );
  assert.equal(stored.id, made.id);
  assert.deepEqual(stored.references, ['made:latest', 'also:2']);
  const unpacked = await treeOf(engine, 'also:2');
  assert.deepEqual(await imageListing(made), unpacked, 'as it was foretold');
  assert.deepEqual(await imageListing(await openImage(context, engine, 'made')), unpacked);
  assert.ok(unpacked.some((line) => line.startsWith('"etc/motd" file 0600 3:0 6b')));
  assert.ok(unpacked.some((line) => line.startsWith('"data" dir 0700')));
  assert.ok(!unpacked.some((line) => line.startsWith('"etc/name"')));
  const { config } = await engine.images.inspect('made');
  assert.deepEqual(JSON.parse(JSON.stringify(config.config)), {
    Env: ['A=1'],
    Entrypoint: ['/app'],
    Labels: { team: 'blue' },
  });
  assert.deepEqual(config.history.at(-1), { created_by: 'add files' });
  assert.equal((await layerOfFiles(files.toReversed())).diffId, layer.diffId, 'the same files, the same layer');
  assert.equal((await engine.system.check().result).damages.length, 0);
});

test('an image goes from store to store, byte for byte, and only missing layers are read', {
  skip,
}, async (context) => {
  const from = await emptyStore(context);
  const layout = new TestLayout();
  const packed = layout.index(
    layout.image(image([base, above]), (layer) => gzipSync(layer), '+gzip', nameAnnotation('app:1')),
  );
  await from.images.load({ input: bytes(asTar(packed)) }).result;
  const app = await annotateImage(await openImage(context, from), { 'org.example.note': 'carried' });
  const to = await emptyStore(context, 'vfs');
  const stored = await to.images.store(app, { tags: ['app:1'] }).result;
  assert.equal(stored.id, (await openImage(context, from)).id, 'annotations leave the ID as it is');
  const there = await openImage(context, to);
  assert.deepEqual(await imageListing(there), await treeOf(from, 'app:1'));
  assert.deepEqual((await there.manifest()).bytes, (await app.manifest()).bytes);
  assert.deepEqual({ ...(await there.manifest()).value.annotations }, { 'org.example.note': 'carried' });
  const again: string[] = [];
  await using storing = to.images.store(await appendLayer(app, await layerOfTar(() => bytes(tar(file('x', 'x'))))), {});
  for await (const event of storing) if (event.type === 'layer') again.push(event.state);
  await storing.result;
  assert.deepEqual(
    again.filter((state) => state !== 'unpacking'),
    ['exists', 'exists', 'done'],
  );
});

test('a newer base takes the place of the old one', { skip }, async (context) => {
  const newer = tar(dir('etc', { mtime: 20 }), file('etc/name', 'newer', { mtime: 21 }), file('etc/old', 'old'));
  const engine = await emptyStore(context);
  for (const [tag, layers, by] of [
    ['app:1', [base, above], ['base', 'app']],
    ['base:1', [base], ['base']],
    ['base:2', [newer], ['newer base']],
  ] as const) {
    const history = by.map((created_by) => ({ created_by }));
    const archive = dockerArchive([{ image: image(layers, { history, config: { User: tag } }), tags: [tag] }]);
    await engine.images.load({ input: bytes(asTar(archive)) }).result;
  }
  const [app, from, to] = [
    await openImage(context, engine),
    await openImage(context, engine, 'base:1'),
    await openImage(context, engine, 'base:2'),
  ];
  const rebased = await rebaseImage(app, { from, to });
  assert.equal(await text(rebased.readFile('/etc/name')), 'newer');
  assert.equal(await text(rebased.readFile('/app')), 'app');
  const { value } = await rebased.config();
  assert.deepEqual(value.history, [{ created_by: 'newer base' }, { created_by: 'app' }]);
  assert.equal(value.config.User, 'app:1');
  await engine.images.store(rebased, { tags: ['app:2'] }).result;
  assert.deepEqual(await imageListing(rebased), await treeOf(engine, 'app:2'));
  await assert.rejects(rebaseImage(to, { from, to }), (error) => isStrataError(error, 'ERR_BASE_MISMATCH'));
});

test('an image flattened into one layer has the same files, without the deleted ones', { skip }, async (context) => {
  const engine = await loadImage(context, [base, above]);
  const app = await openImage(context, engine);
  const flat = await flattenImage(app);
  assert.deepEqual(await imageListing(flat), await imageListing(app));
  const [only, ...others] = await flat.layers();
  assert.deepEqual(others, []);
  const seen: string[] = [];
  for await (const { path } of only!.entries()) seen.push(displayBytes(path));
  assert.deepEqual(seen, ['', 'app', 'etc', 'etc/app', 'etc/name', 'lib']);
  await engine.images.store(flat, { tags: ['flat'] }).result;
  assert.deepEqual(await treeOf(engine, 'flat'), await treeOf(engine, 'app:1'));
  assert.equal((await flattenImage(app)).id, flat.id);
});

test('images that differ in times alone become one image', { skip }, async (context) => {
  const made = async (mtime: number): Promise<Image> => {
    const layer = tar(
      dir('d', { mtime }),
      file('d/f', 'f', { mtime, xattrs: { 'user.a': 'b' } }),
      hardlink('l', 'd/f', { mtime }),
    );
    const created = new Date(mtime * 1000).toISOString();
    const engine = await loadImage(context, [layer], { created, history: [{ created, created_by: 'x' }] });
    return await openImage(context, engine);
  };
  const time = new Date('2024-02-03T04:05:06Z');
  const [one, other] = [await retimeImage(await made(1000), time), await retimeImage(await made(2000), time)];
  assert.equal(one.id, other.id);
  assert.equal((await one.config()).value.created, '2024-02-03T04:05:06Z');
  assert.equal((await one.file('/d/f')).mtime.seconds, time.getTime() / 1000);
  assert.equal(await text(one.readFile('/l')), 'f');
});

/** Creates a layer of a tar, whose blob comes from the test's own stream. */
async function layerOfStream(stream: (size: number) => AsyncIterable<Uint8Array>): Promise<Layer> {
  const layer = await layerOfTar(() => bytes(above));
  return {
    diffId: layer.diffId,
    descriptor: layer.descriptor,
    blob: () => stream(layer.descriptor.size),
    tar: (options) => layer.tar(options),
    entries: (options) => layer.entries(options),
    content: (entry, options) => layer.content(entry, options),
  };
}

test("a layer with an endless stream is stored no further than its descriptor's size", { skip }, async (context) => {
  const engine = await loadImage(context, [base]);
  let sent = 0;
  let limit = 0;
  const endless = await layerOfStream(async function* (size) {
    limit = size;
    for (;;) {
      yield new Uint8Array(1024);
      sent += 1024;
    }
  });
  const image = await appendLayer(await openImage(context, engine), endless);
  await assert.rejects(engine.images.store(image, { tags: ['x'] }).result, { code: 'ERR_BLOB_SIZE_MISMATCH' });
  assert.ok(limit > 0 && sent <= limit, `${sent} bytes were taken of ${limit}`);
});

test("an abort ends storing while a layer's stream is stuck", { skip }, async (context) => {
  const engine = await loadImage(context, [base]);
  const controller = new AbortController();
  const stopped = new Error('stopped');
  const still = await layerOfStream(async function* () {
    yield new Uint8Array(1);
    controller.abort(stopped);
    await new Promise(() => undefined);
  });
  const image = await appendLayer(await openImage(context, engine), still);
  const storing = engine.images.store(image, { tags: ['x'], signal: controller.signal });
  await assert.rejects(storing.result, stopped);
  assert.deepEqual(
    (await engine.images.list()).map(({ tag }) => tag),
    ['1'],
  );
});

test('a history that lacks layers is completed before something is added to it', { skip }, async (context) => {
  const engine = await loadImage(context, [base, above], { history: [{ created_by: 'base' }] });
  const app = await openImage(context, engine);
  const layer = await layerOfFiles([{ kind: 'file', path: 'x', content: 'x'.repeat(7) }]);
  const made = await appendLayer(app, layer, { created_by: 'add x' });
  assert.deepEqual((await made.config()).value.history, [{ created_by: 'base' }, {}, { created_by: 'add x' }]);
  await engine.images.store(made, { tags: ['made'] }).result;
  const folder = temporaryFolder(context);
  const dockerfile = { text: 'FROM app:1\nCOPY <<x /x\n123456\nx' };
  await engine.builder.build({ context: folder, dockerfile, tags: ['built'] }).result;
  await engine.containers.create({ image: 'app:1', command: ['x'], name: 'made-of-app' });
  await engine.containers.commit('made-of-app', { reference: 'committed' }).result;
  for (const name of ['made', 'built']) {
    const [top, ...below] = (await engine.images.history(name)).steps;
    assert.equal(top?.sizeBytes, 7, name);
    assert.deepEqual(
      below.map(({ entry }) => entry.created_by),
      [undefined, 'base'],
      name,
    );
  }
  assert.equal((await engine.images.inspect('committed')).config.history.length, 3);
  await assert.rejects(
    changeConfig(app, (config) => ({ ...config, history: [...config.history, { created_by: 'no layer' }] })),
    (error) => isStrataError(error, 'ERR_LAYERS_MISMATCH'),
  );
});

test('sources that cannot become a layer are refused with what to do', async (context) => {
  const missing = join(temporaryFolder(context), 'missing');
  const unreadable = { code: 'ERR_SYSCALL_NOT_FOUND', hint: /^Give a readable file/, name: 'StrataError' };
  const from: NewFile = { kind: 'file', path: 'a', content: { from: missing } };
  await assert.rejects(layerOfTar(missing), unreadable);
  await assert.rejects(layerOfFiles([from]), unreadable);
  await assert.rejects(
    layerOfTar(() => createReadStream(missing)),
    (error) => isStrataError(error, 'ERR_SYSCALL_NOT_FOUND'),
  );
  writeFileSync(missing, 'there');
  const layer = await layerOfFiles([from]);
  rmSync(missing);
  await assert.rejects(Array.fromAsync(layer.tar()), unreadable);
  const engine = await emptyStore(context, 'vfs');
  const { id } = await engine.builder.build({ dockerfile: { text: 'FROM scratch\nLABEL a=b\n' } }).result;
  const stored = await openImage(context, engine, id);
  await assert.rejects(engine.images.store(await appendLayer(stored, layer)).result, unreadable);
  await assert.rejects(retimeImage(stored, new Date(Number.NaN)), {
    code: 'ERR_OPTION_INVALID',
    details: { option: 'time' },
  });
  const fine = { kind: 'file', path: 'a', content: 'a' } as const;
  const wrong: readonly object[] = [
    { ...fine, path: '../a' },
    { ...fine, path: 'a\0b' },
    { ...fine, kind: 'fifo' },
    { ...fine, mode: -1 },
    { ...fine, mode: 0o10000 },
    { ...fine, uid: 1.5 },
    { ...fine, gid: 2 ** 32 },
    { ...fine, mtime: new Date(Number.NaN) },
    { ...fine, mtime: 'yesterday' },
  ];
  for (const file of wrong) {
    await assert.rejects(
      layerOfFiles([file as NewFile]),
      { code: 'ERR_LAYER_FILE_INVALID', hint: /^Give each file/ },
      JSON.stringify(file),
    );
  }
});

test('a source that is no plain file is refused before it spoils the layer', async (context) => {
  const folder = temporaryFolder(context);
  const fifo = join(folder, 'fifo');
  output('mkfifo', fifo);
  const from = (path: string): NewFile => ({ kind: 'file', path: 'a', content: { from: path } });
  for (const [path, code] of [
    // 4096 bytes by its size, fewer when it is read; and no bytes by its size.
    ['/sys/kernel/mm/transparent_hugepage/enabled', 'ERR_LAYER_SOURCE_CHANGED'],
    ['/proc/version', 'ERR_LAYER_SOURCE_CHANGED'],
    [fifo, 'ERR_LAYER_FILE_INVALID'],
    [folder, 'ERR_LAYER_FILE_INVALID'],
    [join(folder, 'nothing'), 'ERR_SYSCALL_NOT_FOUND'],
  ] as const) {
    await assert.rejects(layerOfFiles([from(path)]), (error) => isStrataError(error, code), path);
  }
  await assert.rejects(layerOfTar(join(folder, 'nothing')), (error) => isStrataError(error, 'ERR_SYSCALL_NOT_FOUND'));
  await assert.rejects(
    layerOfFiles([
      { kind: 'file', path: 'a/b', content: '' },
      { kind: 'symlink', path: 'a', target: 'c' },
    ]),
    (error) => isStrataError(error, 'ERR_LAYER_FILE_INVALID'),
  );
});

test('a file that changes between two readings is noticed, and nothing is stored', { skip }, async (context) => {
  const engine = await loadImage(context, [base]);
  const path = join(temporaryFolder(context), 'app');
  writeFileSync(path, 'one');
  const layer = await layerOfFiles([{ kind: 'file', path: 'app', content: { from: path } }]);
  writeFileSync(path, 'two');
  const changed = await appendLayer(await openImage(context, engine), layer);
  await assert.rejects(engine.images.store(changed, { tags: ['x'] }).result, (error) =>
    isStrataError(error, 'ERR_LAYER_SOURCE_CHANGED'),
  );
  assert.deepEqual(
    (await engine.images.list()).map(({ tag }) => tag),
    ['1'],
  );
  for (const wrong of [
    [
      { kind: 'file', path: 'a', content: '' },
      { kind: 'directory', path: '/a/' },
    ],
    [{ kind: 'file', path: 'a/.wh.b', content: '' }],
    [{ kind: 'file', path: '.wh..wh.aufs/a', content: '' }],
    [{ kind: 'symlink', path: '/', target: 'x' }],
  ] as const) {
    await assert.rejects(layerOfFiles(wrong), (error) => isStrataError(error, 'ERR_LAYER_FILE_INVALID'));
  }
});
