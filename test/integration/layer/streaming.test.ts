// Layers that are unpacked while they arrive.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SpoolFile } from '../../../src/content/spool-file.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { applyChain, type LayerProgress, type LayerSource, verifyLayer } from '../../../src/layer/index.ts';
import { type ReceiveOptions, receiveBlob } from '../../../src/layer/receive-blob.ts';
import type { Digest } from '../../../src/spec/digest.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs, output } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { dir, file, tar } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';
import { unmount } from '../../helpers/unmount.ts';

const skip = needs('root', 'overlay');
const random = createRandom(11);

function layer(name: string): Buffer {
  const files = Array.from({ length: 200 }, (_, at) => file(`${name}/${at}`, random.bytes(10_000)));
  return gzipSync(tar(dir(name), ...files), { level: 1 });
}

const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

/** A stream whose chunks are released one by one. */
class Tap implements AsyncIterable<Uint8Array> {
  readonly #bytes: Uint8Array;
  readonly #steps: PromiseWithResolvers<void>[];
  #failure: Error | undefined;

  constructor(bytes: Uint8Array, steps: number) {
    this.#bytes = bytes;
    this.#steps = Array.from({ length: steps }, () => Promise.withResolvers<void>());
  }

  get size(): number {
    return this.#bytes.length;
  }

  get digest(): Digest {
    return digestOf(this.#bytes);
  }

  open(step: number): void {
    this.#steps[step]?.resolve();
  }

  openAll(): void {
    for (const step of this.#steps) step.resolve();
  }

  break(failure: Error): void {
    this.#failure = failure;
    this.openAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const length = Math.ceil(this.#bytes.length / this.#steps.length);
    for (const [at, step] of this.#steps.entries()) {
      await step.promise;
      if (this.#failure && at > 0) throw this.#failure;
      yield this.#bytes.subarray(at * length, (at + 1) * length);
    }
  }
}

/** Receives a stream into a new file. */
const receive = (stream: AsyncIterable<Uint8Array>, options: ReceiveOptions): ReturnType<typeof receiveBlob> =>
  receiveBlob(async () => ({ file: await SpoolFile.create(options.path), rest: stream }), options);

type ChainLayer = Parameters<typeof applyChain>[0]['layers'][number];

function layerOf(trees: LayerTrees, name: string, source: LayerSource): ChainLayer {
  const ownDir = trees.directory(name);
  return { source, ownDir, indexPath: `${ownDir}.idx` };
}

test('a layer is unpacked while it arrives, and layers while others arrive', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const folder = temporaryFolder(context);
  const taps = ['a', 'b', 'c'].map((name) => new Tap(layer(name), 8));
  const sources = taps.map((tap, at) =>
    receive(tap, { path: join(folder, String(at)), sizeBytes: tap.size, digest: tap.digest }),
  );
  const layers = sources.map((source, at) => layerOf(trees, `own-${at}`, source));
  const progress = new Map<string, number>();
  const middle = Promise.withResolvers<void>();
  const report = ({ digest, offset }: LayerProgress): void => {
    progress.set(digest ?? '', offset);
    if (taps[2] && (progress.get(taps[2].digest) ?? 0) === taps[2].size) middle.resolve();
  };
  const applied = applyChain({ layers, lowerDirs: [], report });
  // The last stream arrives whole while the first two have barely begun.
  taps[0]?.open(0);
  taps[1]?.open(0);
  taps[2]?.openAll();
  await middle.promise;
  assert.equal(progress.get(taps[0]?.digest ?? ''), undefined);
  for (const tap of taps) tap.openAll();
  assert.deepEqual(
    (await applied).map(({ digest }) => digest),
    taps.map(({ digest }) => digest),
  );
  assert.equal(treeListing(trees.mount(layers.map(({ ownDir }) => ownDir))).length, 1 + 3 * 201);
  for (const { indexPath, ownDir } of layers) assert.equal(await verifyLayer(indexPath, ownDir), true);
});

test('stuck streams hold up neither those of others nor their abort', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const folder = temporaryFolder(context);
  const chainOf = (taps: readonly Tap[], name: string): ChainLayer[] =>
    taps.map((tap, at) =>
      layerOf(trees, `${name}-${at}`, receive(tap, { path: join(folder, `${name}${at}`), sizeBytes: tap.size })),
    );
  // All threads that may wait for bytes are taken.
  const still = ['a', 'b', 'c'].map((name) => new Tap(layer(name), 8));
  const standing = chainOf(still, 'still');
  const waiting = applyChain({ layers: standing, lowerDirs: [] });
  for (const tap of still) tap.open(0);
  for (const { source } of standing) await source.streaming?.growth.waitPast(0);
  const whole = new Tap(layer('d'), 1);
  whole.openAll();
  assert.equal((await applyChain({ layers: chainOf([whole], 'whole'), lowerDirs: [] }))[0]?.entries, 201);
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const late = new Tap(layer('e'), 8);
  const begun = chainOf([late], 'late');
  const aborted = applyChain({ layers: begun, lowerDirs: [], signal: controller.signal });
  late.open(0);
  await begun[0]?.source.streaming?.growth.waitPast(0);
  setImmediate(() => controller.abort(reason));
  await assert.rejects(aborted, reason);
  for (const tap of [...still, late]) tap.openAll();
  assert.equal((await waiting).length, 3);
});

test('unpacking rejects with the error that breaks the stream', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const path = join(temporaryFolder(context), 'blob');
  const tap = new Tap(layer('a'), 4);
  const source = receive(tap, { path, sizeBytes: tap.size, digest: tap.digest });
  const applied = applyChain({ layers: [layerOf(trees, 'own', source)], lowerDirs: [] });
  tap.break(new RangeError('the line is dead'));
  await assert.rejects(applied, { name: 'RangeError', message: 'the line is dead' });
});

test('a stream longer than its size is cut off there', async (context) => {
  const path = join(temporaryFolder(context), 'blob');
  let count = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; count < 1000; count++) yield new Uint8Array(10);
  }
  await assert.rejects(receive(endless(), { path, sizeBytes: 25 }).streaming.written, {
    code: 'ERR_BLOB_SIZE_MISMATCH',
  });
  assert.equal(statSync(path).size, 20);
  assert.equal(count, 2);
});

test('a stream that ends too early is refused, even if it is an archive so far', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const path = join(temporaryFolder(context), 'blob');
  const whole = tar(file('a', 'a'));
  const tap = new Tap(whole.subarray(0, 1024), 1);
  const source = receive(tap, { path, sizeBytes: whole.length });
  tap.openAll();
  await assert.rejects(applyChain({ layers: [layerOf(trees, 'own', source)], lowerDirs: [] }), {
    code: 'ERR_BLOB_SIZE_MISMATCH',
    message: `layer blob: received 1024 of ${whole.length} bytes`,
  });
});

test('a disk without space for the stream is reported as full', { skip: needs('root', 'mount') }, async (context) => {
  const disk = temporaryFolder(context);
  output('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk);
  try {
    const tap = new Tap(new Uint8Array(100_000), 10);
    const { streaming } = receive(tap, { path: join(disk, 'blob'), sizeBytes: tap.size });
    tap.openAll();
    await assert.rejects(streaming.written, { code: 'ERR_NO_SPACE' });
    // The root has the only inode.
    output('mount', '-o', 'remount,nr_inodes=2', disk);
    const none = receive(tap, { path: join(disk, 'another'), sizeBytes: tap.size });
    await assert.rejects(none.streaming.written, { code: 'ERR_NO_SPACE' });
  } finally {
    unmount(disk);
  }
});

test('an abort ends the wait for a stuck stream', async (context) => {
  const path = join(temporaryFolder(context), 'blob');
  const controller = new AbortController();
  async function* still(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    controller.abort(new Error('enough'));
    await new Promise(() => undefined);
  }
  const { streaming } = receive(still(), { path, sizeBytes: 25, signal: controller.signal });
  await assert.rejects(streaming.written, /enough/);
});

test('bytes of another digest are refused at their end', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const path = join(temporaryFolder(context), 'blob');
  const tap = new Tap(layer('a'), 2);
  const source = receive(tap, { path, sizeBytes: tap.size, digest: digestOf(Buffer.from('another')) });
  tap.openAll();
  await assert.rejects(applyChain({ layers: [layerOf(trees, 'own', source)], lowerDirs: [] }), (error) =>
    isStrataError(error, 'ERR_LAYER_DIGEST_MISMATCH'),
  );
});

test('an abort ends a layer that waits for more', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const path = join(temporaryFolder(context), 'blob');
  const tap = new Tap(layer('a'), 4);
  const controller = new AbortController();
  const source = receive(tap, { path, sizeBytes: tap.size, signal: controller.signal });
  tap.open(0);
  const applied = applyChain({
    layers: [layerOf(trees, 'own', source)],
    lowerDirs: [],
    signal: controller.signal,
  });
  await source.streaming.growth.waitPast(0);
  const reason = new Error('no longer wanted');
  controller.abort(reason);
  await assert.rejects(applied, reason);
  tap.openAll();
  await assert.rejects(source.streaming.written, reason);
});

test('an abort ends a layer that must arrive whole before it is expanded', {
  skip: needs('root', 'overlay', 'xz'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const path = join(temporaryFolder(context), 'blob');
  const tap = new Tap(execFileSync('xz', ['-c'], { input: random.bytes(1000) }), 4);
  const controller = new AbortController();
  const source = receive(tap, { path, sizeBytes: tap.size });
  tap.open(0);
  const applied = applyChain({ layers: [layerOf(trees, 'own', source)], lowerDirs: [], signal: controller.signal });
  await source.streaming.growth.waitPast(0);
  const reason = new Error('no longer wanted');
  setImmediate(() => controller.abort(reason));
  await assert.rejects(applied, reason);
  tap.openAll();
  await source.streaming.written;
});

test('a small blob, an empty one, and one to be expanded first are streamed as well', {
  skip: needs('root', 'overlay', 'xz'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const folder = temporaryFolder(context);
  const plain = tar(dir('x'), file('x/1', 'one'));
  const xz = Buffer.from(
    output('sh', '-c', `printf %s '${Buffer.from(plain).toString('base64')}' | base64 -d | xz | base64`),
    'base64',
  );
  const taps = [tar(file('s', 's')), xz].map((bytes) => new Tap(bytes, 2));
  const sources = taps.map((tap, at) =>
    receive(tap, { path: join(folder, String(at)), sizeBytes: tap.size, digest: tap.digest }),
  );
  const layers = sources.map((source, at) => layerOf(trees, `own-${at}`, source));
  for (const tap of taps) tap.openAll();
  const applied = await applyChain({ layers, lowerDirs: [] });
  assert.deepEqual(
    applied.map(({ compression }) => compression),
    ['none', 'xz'],
  );
  const none = new Tap(new Uint8Array(), 1);
  none.openAll();
  const empty = layerOf(trees, 'own-empty', receive(none, { path: join(folder, 'empty'), sizeBytes: 0 }));
  const [nothing] = await applyChain({ layers: [empty], lowerDirs: [] });
  assert.deepEqual([nothing?.entries, nothing?.tarSizeBytes], [0, 0]);
});
