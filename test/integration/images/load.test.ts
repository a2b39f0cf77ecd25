import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Engine, type LoadEvent, type LoadRequest } from '../../../src/engine/index.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import {
  asTar,
  dockerArchive,
  type Files,
  image,
  nameAnnotation,
  sha256,
  TestLayout,
} from '../../helpers/image-archives.ts';
import { listImages } from '../../helpers/list-images.ts';
import { namesIn } from '../../helpers/names-in.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { dir, file, hardlink, opaque, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay');

const base = tar(dir('etc'), file('etc/name', 'base'), file('etc/old', 'old'), dir('lib'), file('lib/a', 'a'));
const change = tar(whiteout('etc/old'), file('etc/name', 'changed'), opaque('lib'), file('lib/b', 'b'));
const other = tar(file('other', 'x'.repeat(5000)));
const app = image([base, change]);

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-load-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function openStore(context: TestContext, storageDriver = 'overlay2'): Promise<Engine> {
  const engine = await Engine.open({ root: folder(context), storageDriver });
  context.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function* bytes(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  // Odd chunks: no reader may depend on how a pipe cuts.
  for (let at = 0; at < archive.length; at += 7001) yield archive.subarray(at, at + 7001);
}

const load = async (engine: Engine, archive: Files | Uint8Array, options: Partial<LoadRequest> = {}) =>
  await engine.images.load({ input: bytes(archive instanceof Uint8Array ? archive : asTar(archive)), ...options })
    .result;

/** Checks that nothing was added to an empty store: no image, blob, snapshot or index, nothing half-done. */
async function assertEmpty(engine: Engine): Promise<void> {
  assert.deepEqual(await engine.images.list(), []);
  const { blobs, ingests, trees, indexes, trash } = placesOf(engine);
  for (const folder of [blobs, ingests, trees, indexes, trash]) assert.deepEqual(namesIn(folder), [], folder);
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Checks the refusal of an archive as a stream and as a file, which are read in different ways. */
async function assertRefused(
  engine: Engine,
  archive: Files | Uint8Array,
  code: ErrorCode,
  options = {},
): Promise<void> {
  const path = join(mkdtempSync(join(tmpdir(), 'strata-load-')), 'archive');
  writeFileSync(path, archive instanceof Uint8Array ? archive : asTar(archive));
  try {
    for (const more of [options, { ...options, input: path }]) {
      await assert.rejects(load(engine, archive, more), (error) => {
        assert.ok(isStrataError(error, code), String(error));
        return true;
      });
      await assertEmpty(engine);
    }
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
}

const compressions: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  none: (data) => data,
  gzip: (data) => gzipSync(data),
  zstd: (data) => zstdCompressSync(data),
  xz: (input) => execFileSync('xz', ['-c'], { input }),
  bzip2: (input) => execFileSync('bzip2', ['-c'], { input }),
};

for (const [name, pack] of Object.entries(compressions)) {
  test(`docker's archive loads, compressed by ${name}, with its layers too`, { skip }, async (context) => {
    const engine = await openStore(context);
    const archive = pack(asTar(dockerArchive([{ image: app, tags: ['me/app:1', 'me/app:2'] }], pack)));
    const { images } = await load(engine, archive);
    assert.deepEqual(
      images.map(({ id, references }) => ({ id, references })),
      [{ id: app.id, references: ['me/app:1', 'me/app:2'] }],
    );
    assert.deepEqual(await listImages(engine), [`me/app:1 ${app.id}`, `me/app:2 ${app.id}`]);
    assert.equal(entries(placesOf(engine).trees).length, 2);
    // On a slow machine the trash is emptied after the load.
    await until(
      () => entries(engine.layout.trash).length === 0,
      () => 'the trash is not emptied',
    );
    // Compressions that manifests cannot name are kept as the tar they hold; others keep their blob.
    const kept = name === 'gzip' || name === 'zstd' ? 2 : 0;
    assert.equal(entries(placesOf(engine).blobs).length, 2 + kept);
  });
}

test('a bare tar in a file is read in place: long bodies are skipped, short ones are read', {
  skip,
}, async (context) => {
  const path = join(folder(context), 'archive.tar');
  const long = image([tar(file('long', 'x'.repeat(200_001))), base, tar(file('zeros', Buffer.alloc(1 << 20)))]);
  for (const pack of Object.values(compressions)) {
    const engine = await openStore(context);
    const files = dockerArchive([{ image: long, tags: ['long:1'] }], pack);
    const filler = { 'ignored/first': 'y'.repeat(65_536), 'manifest.json': 'of two, the last counts' };
    writeFileSync(
      path,
      Buffer.concat([asTar(filler).subarray(0, -1024), asTar({ ...files, last: 'z'.repeat(500_000) })]),
    );
    const { images } = await engine.images.load({ input: path }).result;
    assert.equal(images[0]?.id, long.id);
    assert.deepEqual(await listImages(engine), [`long:1 ${long.id}`]);
  }
});

test('a bare tar in a file that is cut short is refused', { skip }, async (context) => {
  const archive = asTar(dockerArchive([{ image: image([tar(file('long', 'x'.repeat(200_001)))]), tags: ['long:1'] }]));
  for (const length of [300, 600, 70_000, 200_000]) {
    await assertRefused(await openStore(context), archive.subarray(0, length), 'ERR_TAR_TRUNCATED');
  }
});

test('vfs has the same images', { skip }, async (context) => {
  const engine = await openStore(context, 'vfs');
  await load(engine, dockerArchive([{ image: app, tags: ['app:1'] }]));
  const { steps } = await engine.images.history('app:1');
  assert.deepEqual(
    steps.map(({ sizeBytes }) => sizeBytes),
    [8, 8],
  );
  const listings = placesOf(engine, 'vfs')
    .treePaths()
    .map((tree) => execFileSync('find', [tree, '-type', 'f', '-printf', '%f\n'], { encoding: 'utf8' }));
  assert.deepEqual(listings.map((text) => text.split('\n').sort().join(' ').trim()).sort(), ['a name old', 'b name']);
});

test('an OCI layout keeps its manifest, and digests stay as they were', { skip }, async (context) => {
  for (const [suffix, name] of [
    ['', 'none'],
    ['+gzip', 'gzip'],
    ['+zstd', 'zstd'],
  ] as const) {
    const engine = await openStore(context);
    const layout = new TestLayout();
    const manifest = layout.image(
      app,
      compressions[name] ?? assert.fail(),
      suffix,
      nameAnnotation('example.com/app:1'),
    );
    const { images } = await load(engine, layout.index(manifest));
    assert.deepEqual(images, [
      { id: app.id, target: manifest.digest, references: ['example.com/app:1'], sizeBytes: 16 },
    ]);
    assert.equal((await engine.images.list())[0]?.digest, manifest.digest);
  }
});

test('a layout may be a folder, but not with links that lead out of it', { skip }, async (context) => {
  const engine = await openStore(context);
  const layout = new TestLayout();
  const files = layout.index(layout.image(app, (layer) => gzipSync(layer), '+gzip'));
  const path = folder(context);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  const { images } = await engine.images.load({ input: path }).result;
  assert.deepEqual(images[0]?.references, []);
  assert.equal((await engine.images.list())[0]?.id, app.id);

  const hostile = await openStore(context);
  rmSync(join(path, 'index.json'));
  const outside = join(folder(context), 'index.json');
  writeFileSync(outside, String(files['index.json']));
  symlinkSync(outside, join(path, 'index.json'));
  await assert.rejects(hostile.images.load({ input: path }).result, { code: 'ERR_ARCHIVE_FORMAT' });
  await assertEmpty(hostile);
});

test('several images share layers: each is unpacked once, and events name the existing ones', {
  skip,
}, async (context) => {
  const engine = await openStore(context);
  const second = image([base, other]);
  await using operation = engine.images.load({
    input: bytes(
      asTar(
        dockerArchive([
          { image: app, tags: ['a:1'] },
          { image: second, tags: ['b:1'] },
        ]),
      ),
    ),
  });
  const events: LoadEvent[] = [];
  for await (const event of operation) events.push(event);
  const states = events.flatMap((event) =>
    event.type === 'layer' && event.state !== 'unpacking' ? [`${event.diffId.slice(7)} ${event.state}`] : [],
  );
  assert.deepEqual(states, [
    `${sha256(base)} done`,
    `${sha256(change)} done`,
    `${sha256(base)} exists`,
    `${sha256(other)} done`,
  ]);
  assert.equal(entries(placesOf(engine).trees).length, 3);
});

test("of an index the requested platform is loaded, or this machine's", { skip }, async (context) => {
  const layout = new TestLayout();
  const foreign = image([other], { architecture: 's390x' });
  const plain = (layer: Uint8Array): Uint8Array => layer;
  const index = layout.document(
    {
      manifests: [
        layout.image(foreign, plain, '', { platform: { os: 'linux', architecture: 's390x' } }),
        // The descriptor names no platform: the config does.
        layout.image(app, plain),
      ],
    },
    'index',
    nameAnnotation('multi:1'),
  );
  const host = await openStore(context);
  const { images } = await load(host, layout.index(index));
  assert.deepEqual(images, [{ id: app.id, target: index.digest, references: ['multi:1'], sizeBytes: 16 }]);
  const requested = await openStore(context);
  assert.equal((await load(requested, layout.index(index), { platform: 'linux/s390x' })).images[0]?.id, foreign.id);
  await assertRefused(await openStore(context), layout.index(index), 'ERR_ARCHIVE_PLATFORM', {
    platform: 'linux/riscv64',
  });

  const power = image([other], { architecture: 'ppc64le' });
  const foreignOnly = layout.document(
    {
      manifests: [
        layout.image(foreign, plain, '', { platform: { os: 'linux', architecture: 's390x' } }),
        layout.image(power, plain, '', { platform: { os: 'linux', architecture: 'ppc64le' } }),
      ],
    },
    'index',
    nameAnnotation('multi:2'),
  );
  await assert.rejects(load(await openStore(context), layout.index(foreignOnly)), {
    code: 'ERR_ARCHIVE_PLATFORM',
    hint: 'Give the platform of an image in the archive.',
  });
});

test('an image for another system loads, with a warning, and is neither run nor built on', {
  skip,
}, async (context) => {
  const engine = await openStore(context);
  const windows = image([base], { os: 'windows' });
  const nameless = image([other], { os: '' });
  const archive = dockerArchive([
    { image: windows, tags: ['win:1'] },
    { image: nameless, tags: ['nameless:1'] },
  ]);
  await using operation = engine.images.load({ input: bytes(asTar(archive)) });
  const warnings: string[] = [];
  for await (const event of operation) if (event.type === 'warning') warnings.push(event.text);
  assert.deepEqual(warnings, ['image win:1 is for windows/amd64 and cannot be run or built on here']);
  const refusal = { code: 'ERR_IMAGE_OS', message: /operating system is not supported: windows\/amd64$/ };
  await assert.rejects(engine.containers.create({ image: 'win:1', command: ['x'] }), refusal);
  await assert.rejects(
    engine.containers.run({ image: 'win:1', command: ['x'], platform: 'windows/amd64' }).result,
    refusal,
  );
  const tree = buildContext(context, ['FROM win:1', 'LABEL a=b']);
  await assert.rejects(engine.builder.build({ context: tree }).result, refusal);
  await assert.rejects(engine.images.import({ input: bytes(base), platform: 'freebsd/amd64' }).result, {
    code: 'ERR_IMAGE_OS',
  });
  assert.equal((await engine.images.list()).length, 2);
  // Docker takes it for its own.
  await engine.containers.create({ image: 'nameless:1', command: ['x'] });
});

for (const [index, title] of [
  [null, 'of docker 25.0 (moby#47210): null'],
  [[], 'an empty list'],
  ['last', 'of later ones (moby#51389): only the last'],
] as const) {
  test(`images saved by ID, whose index.json leaves them out, load, ${title}`, { skip }, async (context) => {
    const engine = await openStore(context);
    const second = image([other]);
    const layout = new TestLayout();
    const last = layout.image(second, (layer) => layer);
    const manifests = index === 'last' ? [last] : index;
    const { images } = await load(engine, {
      ...dockerArchive([{ image: app }, { image: second }]),
      ...layout.files,
      'index.json': JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests,
      }),
    });
    assert.deepEqual(images.map(({ id }) => id).toSorted(), [app.id, second.id].toSorted());
    if (index === 'last') assert.ok(images.some(({ target }) => target === last.digest));
  });
}

test('a name moves to the loaded image, and the old one stays', { skip }, async (context) => {
  const engine = await openStore(context);
  await load(engine, dockerArchive([{ image: app, tags: ['app:1'] }]));
  await using operation = engine.images.load({
    input: bytes(asTar(dockerArchive([{ image: image([other]), tags: ['app:1'] }]))),
  });
  const renamed: LoadEvent[] = [];
  for await (const event of operation) if (event.type === 'renamed') renamed.push(event);
  assert.deepEqual(renamed, [{ type: 'renamed', reference: 'app:1', before: app.id }]);
  assert.equal((await engine.images.list()).length, 2);
});

test("layers may be behind links inside the archive, as docker's old form and podman write them", {
  skip,
}, async (context) => {
  const engine = await openStore(context);
  const { 'manifest.json': _, ...files } = dockerArchive([{ image: app }]);
  const [first, second] = app.layers.map((layer) => sha256(layer));
  const archive = tar(
    ...Object.entries(files).map(([name, content]) => file(name, content)),
    symlink('one/layer.tar', `../${first}/layer.tar`),
    hardlink('two.tar', `${second}/layer.tar`),
    file(
      'manifest.json',
      JSON.stringify([
        { Config: `${app.id.slice(7)}.json`, RepoTags: ['app:1'], Layers: ['one/layer.tar', 'two.tar'] },
      ]),
    ),
  );
  assert.equal((await load(engine, archive)).images[0]?.id, app.id);
});

const good = (): Files => dockerArchive([{ image: app, tags: ['app:1'] }]);
const manifest = (change: Readonly<Record<string, unknown>>): string => {
  const [only] = JSON.parse(String(good()['manifest.json'])) as [Record<string, unknown>];
  return JSON.stringify([{ ...only, ...change }]);
};
const firstLayer = `${sha256(base)}/layer.tar`;
const secondLayer = `${sha256(change)}/layer.tar`;
const withLinkedLayer = (target: string): Uint8Array => {
  const { [firstLayer]: _, ...files } = good();
  return tar(...Object.entries(files).map(([name, content]) => file(name, content)), symlink(firstLayer, target));
};

const hostile: Readonly<Record<string, readonly [archive: () => Files | Uint8Array, code: ErrorCode]>> = {
  'nothing at all': [() => new Uint8Array(0), 'ERR_ARCHIVE_FORMAT'],
  'a file system': [() => ({ 'etc/passwd': 'root' }), 'ERR_ARCHIVE_FORMAT'],
  'before docker 1.10': [() => ({ repositories: '{}' }), 'ERR_ARCHIVE_FORMAT'],
  'no image': [() => ({ 'manifest.json': '[]' }), 'ERR_ARCHIVE_INVALID'],
  'no JSON': [() => ({ 'manifest.json': '[{' }), 'ERR_JSON_INVALID'],
  'config leads out': [
    () => ({ ...good(), 'manifest.json': manifest({ Config: '../../etc/passwd' }) }),
    'ERR_DOCUMENT_INVALID',
  ],
  'absolute layer': [
    () => ({ ...good(), 'manifest.json': manifest({ Layers: ['/etc/passwd', secondLayer] }) }),
    'ERR_DOCUMENT_INVALID',
  ],
  'entry leads out': [() => ({ ...good(), '../../evil': 'x' }), 'ERR_ARCHIVE_INVALID'],
  'huge manifest.json': [
    () => ({ 'manifest.json': new Uint8Array((8 << 20) + 1).fill(0x20) }),
    'ERR_ARCHIVE_FILE_TOO_LARGE',
  ],
  'huge config': [
    () => ({ ...good(), [`${app.id.slice(7)}.json`]: new Uint8Array((8 << 20) + 1) }),
    'ERR_ARCHIVE_FILE_TOO_LARGE',
  ],
  'a large config for each of a hundred images': [
    () => {
      const { config, id } = image([], { author: 'x'.repeat(3 << 20) });
      const one = { Config: `${id.slice(7)}.json`, RepoTags: null, Layers: [] };
      return { [one.Config]: config, 'manifest.json': JSON.stringify(Array(100).fill(one)) };
    },
    'ERR_ARCHIVE_INVALID',
  ],
  'config of another name': [
    () => ({ ...good(), [`${app.id.slice(7)}.json`]: image([other]).config }),
    'ERR_ARCHIVE_INVALID',
  ],
  'layer missing': [
    () => ({ ...good(), 'manifest.json': manifest({ Layers: [firstLayer, 'absent.tar'] }) }),
    'ERR_ARCHIVE_FILE_MISSING',
  ],
  'layer too few': [() => ({ ...good(), 'manifest.json': manifest({ Layers: [firstLayer] }) }), 'ERR_ARCHIVE_INVALID'],
  'wrong layer': [() => ({ ...good(), [secondLayer]: other }), 'ERR_LAYER_DIGEST_MISMATCH'],
  'layers swapped': [
    () => ({ ...good(), 'manifest.json': manifest({ Layers: [secondLayer, firstLayer] }) }),
    'ERR_LAYER_DIGEST_MISMATCH',
  ],
  'layer is no tar': [() => ({ ...good(), [secondLayer]: 'x'.repeat(2048) }), 'ERR_TAR_CHECKSUM'],
  'invalid tag': [
    () => ({ ...good(), 'manifest.json': manifest({ RepoTags: ['me/UPPER:1'] }) }),
    'ERR_REFERENCE_INVALID',
  ],
  'tag without a tag': [() => ({ ...good(), 'manifest.json': manifest({ RepoTags: ['app'] }) }), 'ERR_ARCHIVE_INVALID'],
  'layer links to the host': [() => withLinkedLayer('/etc/passwd'), 'ERR_ARCHIVE_FILE_MISSING'],
  'layer links out': [() => withLinkedLayer('../../../../../etc/passwd'), 'ERR_ARCHIVE_FILE_MISSING'],
  'layer links to itself': [() => withLinkedLayer('layer.tar'), 'ERR_ARCHIVE_FILE_MISSING'],
  'second image damaged': [
    () => {
      const files = dockerArchive([
        { image: app, tags: ['a:1'] },
        { image: image([other]), tags: ['b:1'] },
      ]);
      return { ...files, [`${sha256(other)}/layer.tar`]: base };
    },
    'ERR_LAYER_DIGEST_MISMATCH',
  ],
};

for (const [name, [archive, code]] of Object.entries(hostile)) {
  test(`refused, with nothing left: ${name}`, { skip }, async (context) => {
    await assertRefused(await openStore(context), archive(), code);
  });
}

test('refused, with nothing left: layouts with blobs of other digests than their names', { skip }, async (context) => {
  const layout = new TestLayout();
  const top = layout.image(app, (layer) => gzipSync(layer), '+gzip', nameAnnotation('app:1'));
  const files = layout.index(top);
  const blob = `blobs/sha256/${sha256(gzipSync(base))}`;
  const manifestBlob = `blobs/sha256/${top.digest.slice(7)}`;
  const without = (name: string): Files => Object.fromEntries(Object.entries(files).filter(([key]) => key !== name));
  const engine = await openStore(context);
  await assertRefused(engine, without(blob), 'ERR_ARCHIVE_FILE_MISSING');
  await assertRefused(engine, without(manifestBlob), 'ERR_ARCHIVE_FILE_MISSING');
  await assertRefused(engine, { ...files, [blob]: gzipSync(other) }, 'ERR_ARCHIVE_INVALID');
  const sameLength = Buffer.from(gzipSync(base));
  sameLength[9] = (sameLength[9] ?? 0) ^ 1;
  await assert.rejects(load(engine, { ...files, [blob]: sameLength }), /digest/);
  await assertEmpty(engine);
  await assertRefused(engine, { ...files, [manifestBlob]: `${String(files[manifestBlob])} ` }, 'ERR_ARCHIVE_INVALID');
  await assertRefused(engine, { ...files, 'oci-layout': '{"imageLayoutVersion":"2.0.0"}' }, 'ERR_LAYOUT_VERSION');
  let nested = layout.document({ manifests: [top] }, 'index');
  for (let depth = 0; depth < 5; depth++) nested = layout.document({ manifests: [nested] }, 'index');
  await assertRefused(engine, layout.index(nested), 'ERR_IMAGE_INDEX_DEPTH');
});

test('a wrong blob beside an existing layer is refused', { skip }, async (context) => {
  const engine = await openStore(context);
  await load(engine, dockerArchive([{ image: app, tags: ['app:1'] }]));
  const layout = new TestLayout();
  const lie = layout.document(
    {
      config: layout.blob(app.config, 'application/vnd.oci.image.config.v1+json'),
      layers: [base, other].map((layer) => layout.blob(gzipSync(layer), 'application/vnd.oci.image.layer.v1.tar+gzip')),
    },
    'manifest',
    nameAnnotation('app:1'),
  );
  const before = await listImages(engine);
  const digest = (await engine.images.list())[0]?.digest;
  await assert.rejects(load(engine, layout.index(lie)), { code: 'ERR_ARCHIVE_INVALID' });
  assert.deepEqual(await listImages(engine), before);
  assert.equal((await engine.images.list())[0]?.digest, digest);
});

test('a load that is aborted leaves nothing', { skip }, async (context) => {
  const engine = await openStore(context);
  const large = image([tar(file('large', new Uint8Array(24 << 20).fill(7)))]);
  const archive = asTar(dockerArchive([{ image: large, tags: ['large:1'] }]));
  for (const stopAt of ['archive', 'layer'] as const) {
    const operation = engine.images.load({ input: bytes(archive) });
    for await (const event of operation) if (event.type === stopAt) await operation[Symbol.asyncDispose]();
    await assert.rejects(operation.result, { name: 'AbortError' });
    await assertEmpty(engine);
  }
});
