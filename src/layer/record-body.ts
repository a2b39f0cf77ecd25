import type { SparseRun } from '../archive/index.ts';
import { StrataError } from '../errors/index.ts';
import { displayBytes } from '../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../sys/constants.ts';
import { errnoOf } from '../sys/errno.ts';
import { readFullyAt } from '../sys/fd-io.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { FileStat, statAtIfThere } from '../sys/stat.ts';
import type { Chunks } from './chunks.ts';
import { ByteReader } from './index-file/byte-reader.ts';
import type { LayerIndex, RecordSpan } from './index-file/layer-index.ts';
import { decodeRuns } from './index-file/run-coder.ts';
import { OpenDirectories } from './open-directories.ts';
import { nameStart, parentPath, pathKey } from './tree-path.ts';

/** Directories with a layer's files: one tree, or several, of which the first that has a file provides it. */
export type LayerFiles = string | readonly string[];

/**
 * Puts the stored body of a record into `out`, from the tree or from the index.
 * @throws ERR_LAYER_NOT_REMAKEABLE, ERR_LAYER_TREE_CHANGED, ERR_INDEX_CORRUPT
 */
export function* recordBody(
  index: LayerIndex,
  { record, span, saved }: RecordSpan,
  bodies: TreeBodies,
  out: Chunks,
): Generator<Uint8Array> {
  switch (record.body) {
    case 'none':
      return;
    case 'tree': {
      const runs = record.sparse ?? [{ offset: 0, length: record.sizeBytes }];
      yield* bodies.read(record.treePath, record.sizeBytes, runs, out);
      return;
    }
    case 'index': {
      const at = saved ?? { offset: span.offset + record.headerBytes, bodyBytes: span.bodyBytes };
      yield* decodeRawBytes(index, at.offset, at.bodyBytes, record.storedSizeBytes, out);
      return;
    }
    case 'lost':
      throw notRemakeable(index);
  }
}

/** Puts bytes that the index itself holds into `out`. */
export function* decodeRawBytes(
  index: LayerIndex,
  offset: number,
  codedBytes: number,
  total: number,
  out: Chunks,
): Generator<Uint8Array> {
  for (const run of decodeRuns(new ByteReader(index.rawBytes(offset, codedBytes)), total)) yield* out.put(run);
}

/** Reads the regular files of a tree. A fifo or device is not opened: that might block, or have an effect. */
export class TreeBodies implements Disposable {
  readonly #trees: readonly OpenDirectories[];
  readonly #stat = new FileStat();

  constructor(files: LayerFiles) {
    using stack = new DisposableStack();
    this.#trees = [files].flat().map((tree) => stack.use(new OpenDirectories(tree)));
    stack.move();
  }

  *read(path: Uint8Array, sizeBytes: number, runs: readonly SparseRun[], out: Chunks): Generator<Uint8Array> {
    const fd = this.#open(path, sizeBytes);
    try {
      for (const { offset, length } of runs) {
        const whole = yield* out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
        if (!whole) throw new TreeChanged(path, 'is shorter');
      }
    } finally {
      closeFd(fd);
    }
  }

  [Symbol.dispose](): void {
    for (const tree of this.#trees) tree[Symbol.dispose]();
  }

  #open(path: Uint8Array, sizeBytes: number): number {
    for (const tree of this.#trees) {
      const fd = this.#openIn(tree, path, sizeBytes);
      if (fd !== undefined) return fd;
    }
    throw new TreeChanged(path, 'is missing');
  }

  /** Returns undefined when the tree does not have the path. */
  #openIn(tree: OpenDirectories, path: Uint8Array, sizeBytes: number): number | undefined {
    try {
      const directory = tree.fd(pathKey(parentPath(path)));
      const name = path.subarray(nameStart(path));
      const stat = statAtIfThere(directory, name, this.#stat);
      if (stat === undefined) return undefined;
      if (stat.type !== 'file') throw new TreeChanged(path, `is a ${stat.type}`);
      if (stat.size !== sizeBytes) throw new TreeChanged(path, `has ${stat.size} bytes, not ${sizeBytes}`);
      return openAt(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
      throw error;
    }
  }
}

export class TreeChanged extends StrataError {
  constructor(path: Uint8Array, how: string) {
    super({
      code: 'ERR_LAYER_TREE_CHANGED',
      message: `layer file ${JSON.stringify(displayBytes(path))}: ${how} since it was unpacked`,
      hint: 'Something changed the files of the store; load or build the image again.',
    });
  }
}

export const notRemakeable = (index: LayerIndex): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_NOT_REMAKEABLE',
    message: `layer ${index.summary.diffId}: its tar cannot be made again from its files`,
    hint: 'Keep its blob, or fetch it: the archive has over 1 MiB of bytes that its files do not hold.',
  });
