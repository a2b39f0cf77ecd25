import { createHash } from 'node:crypto';
import type { SparseRun } from '../archive/index.ts';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { displayBytes } from '../lib/bytes.ts';
import { digestAlgorithm } from '../spec/digest.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../sys/constants.ts';
import { errnoOf } from '../sys/errno.ts';
import { readFullyAt } from '../sys/fd-io.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { FileStat, statAtIfThere } from '../sys/stat.ts';
import { Chunks, type ChunksOptions } from './chunks.ts';
import { ByteReader } from './index-file/byte-reader.ts';
import { corruptIndex } from './index-file/corrupt.ts';
import { LayerIndex, type PlacedRecord } from './index-file/reader.ts';
import { decodeRuns } from './index-file/run-coder.ts';
import { OpenDirectories } from './open-directories.ts';
import { nameStart, parentPlace, placeKey } from './place.ts';

/** Where a layer's files are: one tree, or several of which an earlier one's files take the place of a later one's. */
export type LayerFiles = string | readonly string[];

/**
 * The exact bytes of a layer's tar, from its index and the tree it was unpacked into (its own directory, or a complete
 * tree right after it was applied). Chunks of up to 256 KiB belong to the receiver, unless they are lent. The bytes are as good as the tree:
 * whoever relies on them hashes them, see {@link verifyRemake}.
 * @throws ERR_LAYER_NOT_REMAKEABLE, ERR_LAYER_TREE_CHANGED, ERR_INDEX_CORRUPT, and the signal's reason
 */
export async function* remakeLayer(
  index: LayerIndex,
  tree: LayerFiles,
  { signal, lent }: AbortOptions & ChunksOptions = {},
): AsyncGenerator<Uint8Array, void> {
  for (const chunk of remakeTar(index, tree, { lent })) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** {@link remakeLayer} for loops that do not wait. */
export function* remakeTar(
  index: LayerIndex,
  tree: LayerFiles,
  options: ChunksOptions = {},
): Generator<Uint8Array, void> {
  const { remakeable, tarSizeBytes } = index.summary;
  if (!remakeable) throw notRemakeable(index);
  let left = tarSizeBytes;
  for (const chunk of entries(index, tree, options)) {
    left -= chunk.length;
    // A forged index would go on for petabytes.
    if (left < 0) throw corruptIndex('describes more bytes than its layer has');
    yield chunk;
  }
}

function* entries(index: LayerIndex, tree: LayerFiles, options: ChunksOptions): Generator<Uint8Array, void> {
  using bodies = new TreeBodies(tree);
  const out = new Chunks(options);
  for (const placed of index.placedRecords()) {
    const { record, span } = placed;
    yield* out.put(index.rawBytes(span.offset, record.headerBytes));
    yield* body(index, placed, bodies, out);
    yield* padding(index, placed, out);
  }
  const { rawOffset, codedBytes, tarBytes } = index.trailer;
  yield* kept(index, rawOffset, codedBytes, tarBytes, out);
  yield* out.rest();
}

/**
 * Whether {@link remakeLayer} gives the layer's own bytes: false when a file is gone or was changed. Reads everything,
 * synchronously.
 * @throws ERR_INDEX_CORRUPT, and what `check` throws between chunks
 */
export function verifyRemake(indexPath: string, tree: LayerFiles, check: () => void = () => {}): boolean {
  using index = LayerIndex.open(indexPath);
  const { diffId, remakeable } = index.summary;
  if (!remakeable) return false;
  const algorithm = digestAlgorithm(diffId);
  const hash = createHash(algorithm);
  try {
    for (const chunk of remakeTar(index, tree, { lent: true })) {
      check();
      hash.update(chunk);
    }
  } catch (error) {
    if (error instanceof TreeChanged) return false;
    throw error;
  }
  return `${algorithm}:${hash.digest('hex')}` === diffId;
}

function* body(
  index: LayerIndex,
  { record, span, saved }: PlacedRecord,
  bodies: TreeBodies,
  out: Chunks,
): Generator<Uint8Array> {
  switch (record.body) {
    case 'none':
      return;
    case 'tree': {
      const runs = record.sparse ?? [{ offset: 0, length: record.sizeBytes }];
      yield* bodies.read(record.place, record.sizeBytes, runs, out);
      return;
    }
    case 'index': {
      const at = saved ?? { offset: span.offset + record.headerBytes, bodyBytes: span.bodyBytes };
      yield* kept(index, at.offset, at.bodyBytes, record.storedSizeBytes, out);
      return;
    }
    case 'lost':
      throw notRemakeable(index);
  }
}

function* padding(index: LayerIndex, { record, span }: PlacedRecord, out: Chunks): Generator<Uint8Array> {
  const { paddingBytes } = record;
  if (span.paddingBytes === 0) yield* out.put(zeros.subarray(0, paddingBytes));
  else yield* kept(index, span.offset + record.headerBytes + span.bodyBytes, span.paddingBytes, paddingBytes, out);
}

function* kept(
  index: LayerIndex,
  offset: number,
  codedBytes: number,
  total: number,
  out: Chunks,
): Generator<Uint8Array> {
  for (const piece of decodeRuns(new ByteReader(index.rawBytes(offset, codedBytes)), total)) yield* out.put(piece);
}

const zeros = new Uint8Array(512);

/** Reads files of a tree, nothing else: a fifo or device of that name would block or act when opened. */
class TreeBodies implements Disposable {
  readonly #trees: readonly OpenDirectories[];
  readonly #stat = new FileStat();

  constructor(files: LayerFiles) {
    using stack = new DisposableStack();
    this.#trees = [files].flat().map((tree) => stack.use(new OpenDirectories(tree)));
    stack.move();
  }

  *read(place: Uint8Array, sizeBytes: number, runs: readonly SparseRun[], out: Chunks): Generator<Uint8Array> {
    const fd = this.#open(place, sizeBytes);
    try {
      for (const { offset, length } of runs) {
        const whole = yield* out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
        if (!whole) throw new TreeChanged(place, 'is shorter');
      }
    } finally {
      closeFd(fd);
    }
  }

  [Symbol.dispose](): void {
    for (const tree of this.#trees) tree[Symbol.dispose]();
  }

  #open(place: Uint8Array, sizeBytes: number): number {
    for (const tree of this.#trees) {
      const fd = this.#openIn(tree, place, sizeBytes);
      if (fd !== undefined) return fd;
    }
    throw new TreeChanged(place, 'is missing');
  }

  /** Undefined when nothing has that name there. */
  #openIn(tree: OpenDirectories, place: Uint8Array, sizeBytes: number): number | undefined {
    try {
      const directory = tree.fd(placeKey(parentPlace(place)));
      const name = place.subarray(nameStart(place));
      const stat = statAtIfThere(directory, name, this.#stat);
      if (stat === undefined) return undefined;
      if (stat.type !== 'file') throw new TreeChanged(place, `is a ${stat.type}`);
      if (stat.size !== sizeBytes) throw new TreeChanged(place, `has ${stat.size} bytes, not ${sizeBytes}`);
      return openAt(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
      throw error;
    }
  }
}

class TreeChanged extends StrataError {
  constructor(place: Uint8Array, how: string) {
    super({
      code: 'ERR_LAYER_TREE_CHANGED',
      message: `layer file ${JSON.stringify(displayBytes(place))}: ${how} since it was unpacked`,
      hint: 'Something changed the files of the store; pull, load or build the layer again.',
    });
  }
}

const notRemakeable = (index: LayerIndex): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_NOT_REMAKEABLE',
    message: `layer ${index.summary.diffId}: its tar cannot be made again from its files`,
    hint: 'Keep or fetch its blob: the archive holds more than files can (over 1 MiB of it).',
  });
