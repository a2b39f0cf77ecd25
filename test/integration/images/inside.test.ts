// Images looked into without a container: the same with each storage driver, and as a container sees them.
import assert from 'node:assert/strict';
import { renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeTarHeader, tarPadding } from '../../../src/archive/index.ts';
import { Engine, type OpenImage } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { concatBytes, displayBytes, utf8 } from '../../../src/lib/bytes.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { closeAfter } from '../../helpers/close-after.ts';
import { asTar, dockerArchive, type Files, image, nameAnnotation, TestLayout } from '../../helpers/image-archives.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { imageListing } from '../../helpers/merged-listing.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import {
  binary,
  characterDevice,
  dir,
  file,
  hardlink,
  opaque,
  raw,
  symlink,
  tar,
  whiteout,
} from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const skip = needs('root', 'overlay');

/** 3 MiB with two runs of data. */
const sparse = concatBytes([
  encodeTarHeader({
    path: utf8('var/sparse'),
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 5, nanoseconds: 0 },
    sizeBytes: 3 << 20,
    sparse: [
      { offset: 0, length: 512 },
      { offset: 1 << 20, length: 5 },
    ],
  }),
  utf8('a'.repeat(512)),
  utf8('bcdef'),
  tarPadding(517),
]);

const layers = [
  tar(
    dir('./', { mtime: 1 }),
    dir('etc', { mtime: 2, mode: 0o750 }),
    file('etc/name', 'base', { uid: 7, gid: 8, mode: 0o4755, mtime: 3, xattrs: { 'user.note': 'kept' } }),
    file('etc/old', 'old'),
    hardlink('etc/link', 'etc/name'),
    dir('usr/lib', { mtime: 4 }),
    file('usr/lib/a', 'a'),
    file('usr/lib/deep/er/f', 'implied', { mtime: 9 }),
    symlink('lib', 'usr/lib'),
    dir('opt', { mtime: 5 }),
    file('opt/tool', 'x'.repeat(300_000)),
    raw(sparse),
    dir('swap'),
    file('swap/in', 'in'),
  ),
  tar(
    whiteout('etc/old'),
    file('etc/name', 'changed', { mtime: 30 }),
    opaque('opt'),
    file('opt/new', 'new', { mtime: 31 }),
    file('lib/through', 'through a symlink', { mtime: 32 }),
    file('swap', 'a file now'),
    hardlink('tool', 'usr/lib/a'),
    characterDevice('zero', 1, 5, { mtime: 33 }),
    file(binary('\xff\n'), 'odd', { mtime: 34 }),
  ),
  tar(dir('swap', { mtime: 40 }), file('swap/again', 'again'), whiteout('zero')),
];
const app = image(layers);

async function openStore(context: TestContext, root: string, storageDriver: string): Promise<Engine> {
  return closeAfter(context, await Engine.open({ root, storageDriver }));
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

async function loadImage(context: TestContext, archive: Files, storageDriver = 'overlay2'): Promise<Engine> {
  const engine = await openStore(context, temporaryFolder(context), storageDriver);
  await engine.images.load({ input: bytes(asTar(archive)) }).result;
  return engine;
}

const plain = dockerArchive([{ image: app, tags: ['app:1'] }]);

function gzipLayout(): Files {
  const layout = new TestLayout();
  return layout.index(layout.image(app, (layer) => gzipSync(layer), '+gzip', nameAnnotation('app:1')));
}

async function openImage(context: TestContext, engine: Engine): Promise<OpenImage> {
  return closeAfter(context, await engine.images.open('app:1'));
}

const text = async (content: Promise<Uint8Array>): Promise<string> => displayBytes(await content);

const failsWith =
  (code: Parameters<typeof isStrataError>[1]) =>
  (error: unknown): boolean =>
    isStrataError(error, code);

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`the files of an image are those of its container: ${driver}`, { skip }, async (context) => {
    const engine = await loadImage(context, plain, driver);
    const unpacked = await withImageTree(engine, 'app:1', (folder) => treeListing(`${folder}/.`), driver);
    assert.deepEqual(await imageListing(await openImage(context, engine)), unpacked);
  });
}

test('the files are the same when no layer is unpacked, from kept blobs', { skip }, async (context) => {
  const engine = await loadImage(context, gzipLayout());
  const unpacked = await withImageTree(engine, 'app:1', (folder) => treeListing(`${folder}/.`));
  const other = await openStore(context, engine.layout.root, 'vfs');
  const open = await openImage(context, other);
  assert.deepEqual(await imageListing(open), unpacked);
  assert.equal(await text(open.readFile('/usr/lib/through')), 'through a symlink');
});

test('names are known without blobs and files, and reading contents is refused', { skip }, async (context) => {
  const engine = await loadImage(context, plain);
  const open = await openImage(context, await openStore(context, engine.layout.root, 'vfs'));
  const seen: string[] = [];
  for await (const { path } of open.files({ path: 'etc' })) seen.push(displayBytes(path));
  assert.deepEqual(seen, ['etc', 'etc/link', 'etc/name']);
  await assert.rejects(open.readFile('etc/link'), failsWith('ERR_LAYER_ABSENT'));
  assert.equal(await text(open.readFile('etc/name')), 'changed', 'of a layer that its files cannot give back');
});

test('single files are found and read, hardlinks and sparse ones too', { skip }, async (context) => {
  const open = await openImage(context, await loadImage(context, plain));
  assert.equal(await text(open.readFile('/etc/name')), 'changed');
  assert.equal(await text(open.readFile('/etc/link')), 'base', 'as it was when the link was made');
  assert.equal(await text(open.readFile('tool')), 'a');
  assert.equal(await text(open.readFile('/lib/../lib/a')), 'a');
  assert.equal(await text(open.readFile('/lib/through')), 'through a symlink');
  const hole = await open.readFile('/var/sparse');
  assert.equal(hole.length, 3 << 20);
  assert.equal(displayBytes(hole.subarray(1 << 20, (1 << 20) + 5)), 'bcdef');
  assert.equal(displayBytes(await open.readFile(binary('\xff\n'))), 'odd');
  assert.equal((await open.file('/lib')).kind, 'directory');
  assert.equal((await open.file('/lib', { followLink: false })).kind, 'symlink');
  const { layer, source } = await open.file('/tool');
  assert.deepEqual([layer, source?.layer], [1, 0], 'the name is of one layer, the content of another');
  assert.equal(await text(open.readFile('/etc/name', { layers: 1 })), 'base', 'as it was with the base alone');
  assert.equal(await text(open.readFile('/swap', { layers: 2 })), 'a file now');
  for (const [path, code] of [
    ['/etc/old', 'ERR_FILE_NOT_FOUND'],
    ['/etc/name/x', 'ERR_FILE_NOT_FOUND'],
    ['/etc', 'ERR_FILE_KIND'],
  ] as const) {
    await assert.rejects(open.readFile(path), failsWith(code), path);
  }
  await assert.rejects(open.readFile('/opt/new', { maxBytes: 2 }), failsWith('ERR_FILE_TOO_LARGE'));
  await assert.rejects(open.file('/', { layers: 4 }), {
    code: 'ERR_LAYER_UNKNOWN',
    message: 'the lowest 4 layers: the image has 3',
  });
  for (const layer of [3, -1, 0.5, Number.NaN]) {
    await assert.rejects(Array.fromAsync(open.changes(layer)), {
      code: 'ERR_LAYER_UNKNOWN',
      message: `layer ${layer}: the image has 3 layers, and the base is number 0`,
    });
  }
  await assert.rejects(open.readFile('/etc/name', { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('one level of a directory and the changes of one layer are listed', { skip }, async (context) => {
  const open = await openImage(context, await loadImage(context, plain));
  const names: string[] = [];
  for await (const { path } of open.files({ path: '/usr', recursive: false })) names.push(displayBytes(path));
  assert.deepEqual(names, ['usr', 'usr/lib']);
  const changes: string[] = [];
  for await (const { change, file: of } of open.changes(1)) changes.push(`${change} ${displayBytes(of.path)}`);
  assert.deepEqual(
    changes,
    [
      'deleted etc/old',
      'changed etc/name',
      'added opt/new',
      'deleted opt/tool',
      'changed swap',
      'added tool',
      'added usr/lib/through',
      'added zero',
      `added ${displayBytes(binary('\xff\n'))}`,
    ].toSorted(byPath),
  );
});

const byPath = (a: string, b: string): number => (a.slice(a.indexOf(' ')) < b.slice(b.indexOf(' ')) ? -1 : 1);

test('the entries and contents of a layer are those of its tar', { skip }, async (context) => {
  const open = await openImage(context, await loadImage(context, plain));
  const [, top] = await open.layers();
  const entries: string[] = [];
  for await (const { ordinal, kind, path } of top!.entries()) entries.push(`${ordinal} ${kind} ${displayBytes(path)}`);
  assert.deepEqual(entries.slice(0, 7), [
    '0 whiteout etc/old',
    '1 file etc/name',
    '2 opaque opt',
    '3 file opt/new',
    '4 file lib/through',
    '5 file swap',
    '6 hardlink tool',
  ]);
  const content = async (ordinal: number): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of top!.content({ ordinal })) chunks.push(chunk);
    return displayBytes(concatBytes(chunks));
  };
  assert.equal(await content(1), 'changed');
  assert.equal(await content(4), 'through a symlink');
  await assert.rejects(content(0), failsWith('ERR_FILE_KIND'));
  await assert.rejects(content(99), failsWith('ERR_FILE_KIND'));
  await assert.rejects(content(6), failsWith('ERR_LAYER_LINK_MISSING'), 'the layer alone does not have it');
});

test('a changed or removed file of the store is noticed', { skip }, async (context) => {
  const engine = await loadImage(context, plain);
  const open = await openImage(context, engine);
  const { storage } = await engine.images.inspect('app:1');
  const base = storage.directories.at(-1) ?? '';
  truncateSync(join(base, 'usr/lib/deep/er/f'), 2);
  rmSync(join(base, 'swap/in'));
  for (const path of ['/usr/lib/deep/er/f', '/swap/in']) {
    await assert.rejects(open.readFile(path, { layers: 1 }), failsWith('ERR_LAYER_TREE_CHANGED'), path);
  }
});

test('an open image is held, and removed once it is closed', { skip }, async (context) => {
  const engine = await loadImage(context, plain);
  const open = await engine.images.open('app:1');
  await engine.images.remove('app:1');
  await engine.builder.prune({ all: true });
  assert.equal(await text(open.readFile('/opt/new')), 'new');
  await open[Symbol.asyncDispose]();
  await engine.system.collectGarbage().result;
  await assert.rejects(engine.images.open('app:1'), failsWith('ERR_IMAGE_NOT_FOUND'));
  assert.deepEqual(await engine.images.list(), []);
});

test('an aborted or failed read leaves the image as good as before', { skip }, async (context) => {
  const engine = await loadImage(context, plain);
  const open = await openImage(context, engine);
  const reason = new Error('no longer wanted');
  await assert.rejects(open.config({ signal: AbortSignal.abort(reason) }), reason);
  const path = placesOf(engine).blob(open.id);
  renameSync(path, `${path}.away`);
  await assert.rejects(open.layers(), failsWith('ERR_BLOB_NOT_FOUND'));
  renameSync(`${path}.away`, path);
  const controller = new AbortController();
  const [aborted, other] = [open.layers({ signal: controller.signal }), open.config()];
  controller.abort(reason);
  await assert.rejects(aborted, reason);
  assert.equal((await other).descriptor.digest, open.id);
});
