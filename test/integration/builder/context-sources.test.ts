import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type BuildRequest, Engine } from '../../../src/engine/index.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { fill, folderWith } from '../../helpers/build-folder.ts';
import { shortListing, withImageTree } from '../../helpers/image-tree.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { characterDevice, dir, file, hardlink, symlink, tar } from '../../helpers/tar-builder.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay');

async function openStore(t: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: 'overlay2' });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function* streamOf(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    const bytes = Buffer.from(part);
    for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
  }
}

async function buildListing(engine: Engine, request: BuildRequest): Promise<string[]> {
  const { id } = await engine.builder.build(request).result;
  return await withImageTree(engine, id, (tree) => shortListing(tree));
}

const scratchLeft = async (engine: Engine): Promise<string[]> =>
  (await engine.images.list()).length > 0 ? [] : readdirSync(placesOf(engine).trees);

const dockerfile = 'FROM scratch\nCOPY d /d\n';
const archive = tar(
  file('./Dockerfile', dockerfile),
  file('other/Dockerfile', 'FROM scratch\nCOPY top /top\n'),
  dir('./d'),
  file('./d/f', 'x', { mode: 0o755, uid: 7 }),
  hardlink('d/g', './d/f'),
  symlink('d/l', '/etc/passwd'),
  file('d/not-ignored', ''),
  file('.dockerignore', 'd/not-ignored\n'),
  file('top', 't'),
  file('.wh.odd', ''),
);
// An archive is taken as it is: docker's client leaves out ignored files when it packs one, its daemon does not.
const listing = [
  'd755 0:0 /d',
  '-755 0:0 /d/f "x"',
  '-755 0:0 /d/g "x"',
  'l 0:0 /d/l -> /etc/passwd',
  '-644 0:0 /d/not-ignored ""',
];

test('a context of bytes is an archive with any compression', { skip }, async (t) => {
  const engine = await openStore(t);
  for (const bytes of [archive, gzipSync(archive), zstdCompressSync(archive)]) {
    assert.deepEqual(await buildListing(engine, { context: streamOf(bytes) }), listing);
  }
  for (const path of ['other/Dockerfile', '/other/Dockerfile']) {
    assert.deepEqual(await buildListing(engine, { context: streamOf(archive), dockerfile: path }), [
      '-644 0:0 /top "t"',
    ]);
  }
  const text = 'FROM scratch\nCOPY top /b\n';
  assert.deepEqual(await buildListing(engine, { context: streamOf(archive), dockerfile: { text } }), [
    '-644 0:0 /b "t"',
  ]);
});

test('a context of bytes is removed with its build', { skip }, async (t) => {
  const engine = await openStore(t);
  await engine.builder.build({ context: streamOf(archive) }).result;
  await assert.rejects(engine.builder.build({ context: streamOf(archive), dockerfile: 'none' }).result);
  assert.equal(readdirSync(placesOf(engine).trees).length, 1, 'the step alone');
  // On a slow machine a process of its own empties the trash.
  await until(
    () => readdirSync(engine.layout.trash).length === 0,
    () => 'the trash is not emptied',
  );
});

test('the same files in a folder and in an archive give the same step', { skip }, async (t) => {
  const engine = await openStore(t);
  const folder = folderWith(t, { Dockerfile: dockerfile, 'd/f': 'x' });
  const one = await engine.builder.build({ context: folder }).result;
  const same = tar(file('Dockerfile', dockerfile), dir('d'), file('d/f', 'x', { mtime: 77, uid: 9 }));
  assert.equal((await engine.builder.build({ context: streamOf(same) }).result).id, one.id);
});

test('a context of bytes that are no archive is the Dockerfile, without files', { skip }, async (t) => {
  const engine = await openStore(t);
  const context = (): AsyncIterable<Uint8Array> => streamOf('FROM scratch\nCOPY <<x /x\ny\nx\n');
  assert.deepEqual(await buildListing(engine, { context: context() }), ['-644 0:0 /x "y\\n"']);
  await assert.rejects(engine.builder.build({ context: context(), dockerfile: 'other' }).result, (error) =>
    isStrataError(error, 'ERR_DOCKERFILE_AMBIGUOUS'),
  );
  await assert.rejects(engine.builder.build({ context: streamOf('FROM scratch\nCOPY x /\n') }).result, (error) =>
    isStrataError(error, 'ERR_COPY_SOURCE_NOT_FOUND'),
  );
  await assert.rejects(engine.builder.build({ context: streamOf() }).result, (error) =>
    isStrataError(error, 'ERR_DOCKERFILE_SYNTAX'),
  );
});

test('a build without a context has no files, and its Dockerfile is text', { skip }, async (t) => {
  const engine = await openStore(t);
  const text = 'FROM scratch\nCOPY <<EOF /f\nx\nEOF\n';
  assert.deepEqual(await buildListing(engine, { dockerfile: { text } }), ['-644 0:0 /f "x\\n"']);
  assert.deepEqual(await buildListing(engine, { dockerfile: { text: streamOf(text) } }), ['-644 0:0 /f "x\\n"']);
  const assertRefused = (request: BuildRequest, code: ErrorCode): Promise<void> =>
    assert.rejects(engine.builder.build(request).result, (error) => isStrataError(error, code));
  await assertRefused({ dockerfile: { text: 'FROM scratch\nCOPY f /f\n' } }, 'ERR_COPY_SOURCE_NOT_FOUND');
  await assertRefused({}, 'ERR_CONTEXT_NOT_FOUND');
  await assertRefused({ dockerfile: '/etc/hostname' }, 'ERR_CONTEXT_NOT_FOUND');
});

test('an endless Dockerfile is refused and not read to its end', { skip }, async (t) => {
  const engine = await openStore(t);
  let chunks = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; chunks++) yield Buffer.from('# and so on\n'.repeat(10_000));
  }
  for (const request of [{ context: endless() }, { context: folderWith(t, {}), dockerfile: { text: endless() } }]) {
    await assert.rejects(
      engine.builder.build(request).result,
      (error) => isStrataError(error) && /more than the allowed/.test(error.message),
    );
  }
  assert.ok(chunks < 200, `${chunks} chunks`);
});

test('the Dockerfile may be text, a stream, or anywhere on the machine with its ignore file', { skip }, async (t) => {
  const engine = await openStore(t);
  const context = folderWith(t, { a: '1', b: '2', '.dockerignore': 'a' });
  const text = 'FROM scratch\nCOPY . /\n';
  const all = ['-644 0:0 /.dockerignore "a"', '-644 0:0 /b "2"'];
  assert.deepEqual(await buildListing(engine, { context, dockerfile: { text } }), all);
  assert.deepEqual(await buildListing(engine, { context, dockerfile: { text: Buffer.from(text) } }), all);
  assert.deepEqual(await buildListing(engine, { context, dockerfile: { text: streamOf(text) } }), all);
  const elsewhere = folderWith(t, { 'D.1': text, 'D.2': text, 'D.2.dockerignore': 'b\n.dockerignore' });
  assert.deepEqual(await buildListing(engine, { context, dockerfile: join(elsewhere, 'D.1') }), all);
  assert.deepEqual(await buildListing(engine, { context, dockerfile: join(elsewhere, 'D.2') }), ['-644 0:0 /a "1"']);
  fill(context, { 'sub/D': 'FROM scratch\nCOPY b /in\n' });
  symlinkSync(context, join(elsewhere, 'link'));
  for (const path of ['sub/D', join(context, 'sub/D'), join(elsewhere, 'link/sub/D')]) {
    assert.deepEqual(await buildListing(engine, { context, dockerfile: path }), ['-644 0:0 /in "2"'], path);
  }
  mkdirSync(join(elsewhere, 'folder'));
  symlinkSync('/etc/passwd', join(elsewhere, 'out'));
  for (const [path, code] of [
    [join(elsewhere, 'none'), 'ERR_DOCKERFILE_NOT_FOUND'],
    [join(elsewhere, 'none/none'), 'ERR_DOCKERFILE_NOT_FOUND'],
    ['none', 'ERR_DOCKERFILE_NOT_FOUND'],
    [join(elsewhere, 'folder'), 'ERR_CONTEXT_FILE'],
    [join(elsewhere, 'out'), 'ERR_CONTEXT_FILE'],
  ] as const) {
    await assert.rejects(
      engine.builder.build({ context, dockerfile: path }).result,
      (error) => isStrataError(error, code),
      path,
    );
  }
});

const hostile: Readonly<Record<string, readonly [Uint8Array, ErrorCode, RegExp]>> = {
  'names that climb out': [
    tar(file('../victim', 'x')),
    'ERR_CONTEXT_ARCHIVE',
    /archive entry "\.\.\/victim": leads out/,
  ],
  'a hardlink that climbs out': [tar(hardlink('Dockerfile', '../../etc/passwd')), 'ERR_CONTEXT_ARCHIVE', /leads out/],
  'a root that is a symlink': [tar(symlink('.', '/etc')), 'ERR_CONTEXT_ARCHIVE', /makes the root a symlink/],
  'a Dockerfile that is a symlink to the host': [
    tar(symlink('Dockerfile', '/etc/passwd')),
    'ERR_CONTEXT_FILE',
    /leads to nothing inside the context/,
  ],
  'a folder that is a symlink to the host': [
    tar(symlink('d', '/etc'), file('Dockerfile', 'FROM scratch\nCOPY d/passwd /\n')),
    'ERR_COPY_SOURCE_NOT_FOUND',
    /d\/passwd/,
  ],
  'a device': [
    tar(characterDevice('d/null', 1, 3), file('Dockerfile', dockerfile)),
    'ERR_CONTEXT_SPECIAL_FILE',
    /null is a character-device/,
  ],
  'an archive cut short': [archive.subarray(0, 3000), 'ERR_CONTEXT_ARCHIVE', /build context: tar archive: ends/],
  'a compressed archive cut short': [
    gzipSync(archive).subarray(0, -20),
    'ERR_CONTEXT_ARCHIVE',
    /build context: gzip data/,
  ],
  'compressed text': [gzipSync('FROM scratch\n'), 'ERR_CONTEXT_ARCHIVE', /build context: tar archive/],
};

for (const [what, [bytes, code, message]] of Object.entries(hostile)) {
  test(`a context with ${what} is refused and leaves nothing`, { skip }, async (t) => {
    const engine = await openStore(t);
    await assert.rejects(
      engine.builder.build({ context: streamOf(bytes) }).result,
      (error) => isStrataError(error, code) && message.test(error.message),
    );
    assert.deepEqual(await scratchLeft(engine), []);
  });
}

test('a context that fails before or while it is read gives an error that names it', { skip }, async (t) => {
  const engine = await openStore(t);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, 2000);
    throw new Error('connection lost');
  }
  await assert.rejects(engine.builder.build({ context: broken() }).result, /connection lost/);
  const controller = new AbortController();
  async function* silent(): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, 2000);
    setImmediate(() => controller.abort(new Error('enough')));
    await new Promise(() => undefined);
  }
  await assert.rejects(engine.builder.build({ context: silent(), signal: controller.signal }).result, /enough/);
  assert.deepEqual(await scratchLeft(engine), []);
});

test('a full disk under the context, a COPY or an archive is reported as such, and nothing stays', {
  skip: skip || needs('loop'),
}, async (t) => {
  using filesystem = mountLoopFilesystem(['mkfs.ext4', '-q'], { megabytes: 48 });
  await using engine = await Engine.open({ root: join(filesystem.path, 'root'), storageDriver: 'overlay2' });
  const noSpace =
    (message: RegExp) =>
    (error: unknown): boolean =>
      isStrataError(error, 'ERR_NO_SPACE') && message.test(error.message);
  const large = new Uint8Array(60 << 20).fill(7);
  const context = tar(file('Dockerfile', dockerfile), file('d/large', large));
  await assert.rejects(engine.builder.build({ context: streamOf(context) }).result, noSpace(/no space left on device/));
  const folder = folderWith(t, { Dockerfile: dockerfile, 'x.Dockerfile': 'FROM scratch\n\nADD x.tar /\n' });
  fill(folder, { 'd/large': large, 'x.tar': tar(file('large', large)) });
  await assert.rejects(engine.builder.build({ context: folder }).result, noSpace(/line 2: COPY: no space left/));
  await assert.rejects(
    engine.builder.build({ context: folder, dockerfile: 'x.Dockerfile' }).result,
    noSpace(/line 3: ADD: no space left/),
  );
  assert.deepEqual(await scratchLeft(engine), []);
  writeFileSync(join(folder, 'small.Dockerfile'), 'FROM scratch\nCOPY small.Dockerfile /f\n');
  await engine.builder.build({ context: folder, dockerfile: 'small.Dockerfile' }).result;
});
