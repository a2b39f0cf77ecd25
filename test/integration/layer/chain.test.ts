// Chains as a whole: in workers side by side, ended at any moment, on full disks, with every compression.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isKind, isStrataError } from '../../../src/errors/index.ts';
import {
  applyChain,
  applyOnto,
  LayerIndex,
  type LayerProgress,
  type LayerSource,
  verifyLayer,
} from '../../../src/layer/index.ts';
import { concatBytes } from '../../../src/lib/bytes.ts';
import type { DiffId, Digest } from '../../../src/spec/digest.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs, output } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { dir, file, hardlink, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const random = createRandom(7);
const noise = random.bytes(3 << 20);

/** Creates a layer large enough for a worker: hundreds of files of incompressible bytes. */
function bigLayer(name: string, megabytes = 3): Uint8Array {
  const files: Uint8Array[] = [dir(name)];
  for (let at = 0; at < megabytes * 100; at++) {
    const start = (at * 7919) % (noise.length - 12_000);
    files.push(file(`${name}/${at}`, noise.subarray(start, start + 10_000)));
  }
  return tar(...files);
}

interface Layer {
  readonly source: LayerSource;
  readonly ownDir: string;
  readonly indexPath: string;
}

function layersOf(trees: LayerTrees, blobs: readonly Uint8Array[]): Layer[] {
  return blobs.map((bytes, at) => {
    const ownDir = trees.directory(`own-${at}`);
    return { source: trees.blob(bytes), ownDir, indexPath: `${ownDir}.idx` };
  });
}

const big = ['a', 'b', 'c', 'd'].map((name) => gzipSync(bigLayer(name), { level: 1 }));
const openFds = (): string[] => readdirSync('/proc/self/fd');

/** Starts the workers and makes them load their modules. */
async function warm(trees: LayerTrees): Promise<void> {
  await applyChain({ layers: layersOf(trees, big), lowerDirs: [] });
}

test('big layers are unpacked side by side and returned in order, with progress', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const small = tar(file('small', 's'), whiteout('b/1'));
  const layers = layersOf(trees, [...big.slice(0, 2), small, ...big.slice(2)]);
  const events: LayerProgress[] = [];
  const digests = layers.map(({ source }) => `sha256:${output('sha256sum', source.blobPath).slice(0, 64)}` as Digest);
  const applied = await applyChain({
    layers: layers.map((layer, at) => ({ ...layer, source: { ...layer.source, digest: digests[at] } })),
    lowerDirs: [],
    report: (event) => events.push(event),
  });
  assert.deepEqual(
    applied.map(({ digest }) => digest),
    digests,
  );
  assert.deepEqual(
    applied.map(({ compression }) => compression),
    ['gzip', 'gzip', 'none', 'gzip', 'gzip'],
  );
  for (const [at, digest] of digests.entries()) {
    const offsets = events.filter((event) => event.digest === digest).map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      offsets.toSorted((a, b) => a - b),
    );
    assert.equal(offsets.at(-1), layers[at]!.source.sizeBytes);
  }
  const listing = treeListing(trees.mount(layers.map(({ ownDir }) => ownDir)));
  assert.equal(listing.length, 1 + 4 * 301 - 1 + 1);
  for (const { indexPath, ownDir } of layers) assert.equal(await verifyLayer(indexPath, ownDir), true);
});

test('a big layer that needs those below waits for its turn', { skip: needs('root', 'overlay') }, async (context) => {
  const trees = new LayerTrees(context);
  const base = tar(dir('real', { mode: 0o700, uid: 5 }), file('real/f', 'f', { mtime: 5 }), symlink('lnk', 'real'));
  const body = Array.from({ length: 300 }, (_, at) => file(`x/${at}`, noise.subarray(at * 9000, at * 9000 + 10_000)));
  const onSymlink = tar(...body, file('lnk/new', 'new'));
  const onFile = tar(
    ...body.map((_, at) => file(`y/${at}`, noise.subarray(at * 9000, at * 9000 + 10_000))),
    hardlink('h', 'real/f'),
  );
  const layers = layersOf(trees, [base, onSymlink, onFile]);
  const applied = await applyChain({ layers, lowerDirs: [] });
  assert.deepEqual(
    applied.map(({ parentDependent }) => parentDependent),
    [false, true, false],
  );
  const listing = treeListing(trees.mount(layers.map(({ ownDir }) => ownDir))).join('\n');
  assert.match(listing, /"real" dir 0700 5:0/);
  assert.match(listing, /"real\/new" file/);
  assert.match(listing, /"real\/f" file .* same-as="h"/);
  assert.doesNotMatch(listing, /"lnk\/new"/);
});

for (const [name, pack] of [
  ['none', (bytes: Uint8Array): Uint8Array => bytes],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['xz', (bytes: Uint8Array): Uint8Array => execFileSync('xz', ['-c'], { input: bytes })],
  ['bzip2', (bytes: Uint8Array): Uint8Array => execFileSync('bzip2', ['-c'], { input: bytes })],
] as const) {
  test(`a layer compressed by ${name} is unpacked`, {
    skip: needs('root', ...(name === 'xz' || name === 'bzip2' ? [name] : [])),
  }, async (context) => {
    const trees = new LayerTrees(context);
    const archive = tar(dir('d'), file('d/f', 'content'.repeat(1000)));
    const blob = pack(archive);
    const [layer] = layersOf(trees, [blob]);
    const sha = (bytes: Uint8Array): string =>
      `sha256:${execFileSync('sha256sum', { input: bytes }).toString().slice(0, 64)}`;
    const source = { ...layer!.source, digest: sha(blob) as Digest, diffId: sha(archive) as DiffId };
    const [applied] = await applyChain({ layers: [{ ...layer!, source }], lowerDirs: [] });
    assert.equal(applied?.compression, name);
    assert.equal(applied?.digest, source.digest);
    assert.equal(applied?.diffId, source.diffId);
    assert.equal(readFileSync(join(layer!.ownDir, 'd/f'), 'utf8').length, 7000);
    assert.deepEqual(trees.leftovers(/\.tar$|\.tmp$/), []);
    await assert.rejects(
      applyChain({
        layers: [{ ...layersOf(trees, [blob])[0]!, source: { ...source, digest: sha(archive.subarray(1)) as Digest } }],
        lowerDirs: [],
      }),
      (error) => isStrataError(error, 'ERR_LAYER_DIGEST_MISMATCH'),
    );
    await assert.rejects(
      applyChain({
        layers: [{ ...layersOf(trees, [blob])[0]!, source: { ...source, diffId: sha(blob.subarray(1)) as DiffId } }],
        lowerDirs: [],
      }),
      (error) => isStrataError(error, 'ERR_LAYER_DIFF_ID_MISMATCH'),
    );
    assert.deepEqual(trees.leftovers(/\.tar$|\.tmp$/), []);
  });
}

test('sha512 names are checked by sha512', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const archive = tar(file('f', 'f'));
  const sha512 = `sha512:${execFileSync('sha512sum', { input: archive }).toString().slice(0, 128)}`;
  const [layer] = layersOf(trees, [archive]);
  const source = { ...layer!.source, digest: sha512 as Digest, diffId: sha512 as DiffId };
  const [applied] = await applyChain({ layers: [{ ...layer!, source }], lowerDirs: [] });
  assert.equal(applied?.diffId, sha512);
  assert.equal(applied?.digest, sha512);
  assert.equal(await verifyLayer(layer!.indexPath, layer!.ownDir), true);
});

test('a failure in a worker keeps its class, code, hint and cause, ends the others and leaves no index', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  await warm(trees);
  const before = openFds();
  const bad = gzipSync(concatBytes([bigLayer('x').subarray(0, -1024), tar(file('x/0/y', 'evil'))]), { level: 1 });
  const layers = layersOf(trees, [big[0]!, bad, big[1]!, big[2]!]);
  await assert.rejects(applyChain({ layers, lowerDirs: [] }), (error) => {
    assert.ok(isStrataError(error, 'ERR_LAYER_ENTRY_INVALID'), String(error));
    assert.ok(isKind(error, 'invalid-argument'));
    assert.match(error.message, /"x\/0\/y"/);
    assert.match(error.hint ?? '', /faulty or hostile/);
    return true;
  });
  assert.deepEqual(trees.leftovers(/\.tmp$/), []);
  for (const { indexPath } of layers) assert.equal(existsSync(indexPath), false);
  assert.deepEqual(openFds(), before);
});

test("an abort at any moment leaves only the caller's directories, and the workers go on", {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  await warm(trees);
  const before = openFds();
  const seed = runSeed();
  const when = createRandom(seed);
  for (let round = 0; round < (isSoak ? 200 : 12); round++) {
    const layers = layersOf(trees, [...big, tar(file('small', ''))]);
    const controller = new AbortController();
    const reason = new Error(`round ${round} of seed ${seed}`);
    const timer = setTimeout(() => controller.abort(reason), when.next(120));
    const after = when.next(20);
    let events = 0;
    const report = (): void => {
      if (++events === after) controller.abort(reason);
    };
    try {
      await applyChain({ layers, lowerDirs: [], signal: controller.signal, report });
    } catch (error) {
      assert.equal(error, reason);
      for (const { indexPath } of layers) assert.equal(existsSync(indexPath), false, String(reason));
    } finally {
      clearTimeout(timer);
    }
    assert.deepEqual(trees.leftovers(/\.tmp$/), [], String(reason));
    assert.deepEqual(openFds(), before, String(reason));
    for (const { ownDir } of layers) rmSync(ownDir, { recursive: true });
  }
  const layers = layersOf(trees, big);
  await applyChain({ layers, lowerDirs: [] });
  for (const { indexPath, ownDir } of layers) assert.equal(await verifyLayer(indexPath, ownDir), true);
});

test('an aborted signal stops the chain before it does anything', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const layers = layersOf(trees, [tar(file('f', ''))]);
  const signal = AbortSignal.abort(new Error('before'));
  await assert.rejects(applyChain({ layers, lowerDirs: [], signal }), /before/);
  assert.deepEqual(readdirSync(layers[0]!.ownDir), []);
  const onto = { source: layers[0]!.source, rootDir: layers[0]!.ownDir, indexPath: layers[0]!.indexPath, signal };
  await assert.rejects(applyOnto(onto), /before/);
});

test('disks that fill up at any point give one typed error and no index', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const blob = trees.blob(
    gzipSync(tar(dir('d'), ...Array.from({ length: 60 }, (_, at) => file(`d/${at}`, noise.subarray(at, at + 9000))))),
  );
  const disk = trees.directory('disk');
  const limits = ['size=16k', 'size=64k', 'size=256k', 'size=512k', 'nr_inodes=3', 'nr_inodes=20', 'nr_inodes=61'];
  for (const limit of limits) {
    output('mount', '-t', 'tmpfs', '-o', limit, 'tmpfs', disk);
    try {
      mkdirSync(join(disk, 'own'));
      for (const indexPath of [join(trees.folder, 'i.idx'), join(disk, 'i.idx')]) {
        await assert.rejects(
          applyChain({ layers: [{ source: blob, ownDir: join(disk, 'own'), indexPath }], lowerDirs: [] }),
          (error) =>
            isKind(error, 'exhausted') || (error instanceof Error && 'code' in error && error.code === 'ENOSPC'),
          limit,
        );
        assert.equal(existsSync(indexPath), false);
        assert.deepEqual(
          [...trees.leftovers(/\.tmp$/), ...readdirSync(disk).filter((name) => name.endsWith('.tmp'))],
          [],
        );
        rmSync(join(disk, 'own'), { recursive: true });
        mkdirSync(join(disk, 'own'));
      }
    } finally {
      output('umount', disk);
    }
  }
});

test('a layer may be in a chain twice, with one index', { skip: needs('root', 'overlay') }, async (context) => {
  const trees = new LayerTrees(context);
  const layers = layersOf(trees, [tar(file('f', 'f')), tar(), tar()]).map((layer, at) => ({
    ...layer,
    indexPath: join(trees.folder, at === 0 ? 'f.idx' : 'empty.idx'),
  }));
  const applied = await applyChain({ layers, lowerDirs: [], sync: true });
  assert.equal(applied[1]?.diffId, applied[2]?.diffId);
  using index = LayerIndex.open(layers[1]!.indexPath);
  assert.equal(index.summary.entries, 0);
  assert.match(treeListing(trees.mount(layers.map(({ ownDir }) => ownDir))).join('\n'), /"f" file/);
});

test('an older index is replaced, and only by a whole one', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const [layer] = layersOf(trees, [tar(file('f', 'f'))]);
  writeFileSync(layer!.indexPath, 'older');
  const bad = { ...layer!.source, diffId: `sha256:${'0'.repeat(64)}` as DiffId };
  await assert.rejects(applyChain({ layers: [{ ...layer!, source: bad }], lowerDirs: [] }));
  assert.equal(readFileSync(layer!.indexPath, 'utf8'), 'older');
  rmSync(join(layer!.ownDir, 'f'));
  await applyChain({ layers: [layer!], lowerDirs: [] });
  assert.equal(await verifyLayer(layer!.indexPath, layer!.ownDir), true);
});

test('a chain of a hundred layers is unpacked', { skip: needs('root', 'overlay') }, async (context) => {
  const trees = new LayerTrees(context);
  const blobs = Array.from({ length: 100 }, (_, at) =>
    tar(file(`d/${at}`, String(at)), ...(at % 3 === 2 ? [whiteout(`d/${at - 1}`)] : [])),
  );
  const { dirs } = await trees.chain([tar(dir('d', { mode: 0o700, uid: 5, mtime: 9 })), ...blobs]);
  const own = treeListing(dirs.at(-1)!);
  assert.match(own[1]!, /"d" dir 0700 5:0 @9000000000/);
  const onto = treeListing(await trees.onto([tar(dir('d', { mode: 0o700, uid: 5, mtime: 9 })), ...blobs]));
  assert.equal(onto.length, 2 + 100 - 33);
});

test('an empty chain takes no work', async () => {
  assert.deepEqual(await applyChain({ layers: [], lowerDirs: [] }), []);
});

test('a missing blob is an error', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const [layer] = layersOf(trees, [tar()]);
  const source = { blobPath: join(trees.folder, 'none'), sizeBytes: 0 };
  await assert.rejects(applyChain({ layers: [{ ...layer!, source }], lowerDirs: [] }), /ENOENT/);
});
