import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { createInflater } from '../../archive/compression/create-inflater.ts';
import { compressionProbeBytes, detectCompression } from '../../archive/compression/detect.ts';
import type { CompressionFormat } from '../../archive/compression/types.ts';
import { TarParser } from '../../archive/index.ts';
import { Growth } from '../../lib/growth.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import { nativeDecoders } from '../../sys/inflate/native-decoders.ts';
import { addDamageOffset } from '../damage.ts';
import { IndexWriter } from '../index-file/index-writer.ts';
import { PathList } from '../index-file/path-list.ts';
import { OverlayView } from '../overlay-view.ts';
import type { AppliedLayer } from '../types.ts';
import type { TreeNotes } from './directory-state.ts';
import { digestMismatch } from './failures.ts';
import { LayerSink } from './layer-sink.ts';
import { NeedsLowerLayers } from './needs-lower-layers.ts';

/** One layer to unpack into a directory: plain data that can be sent to a worker. */
export interface SpreadJob {
  readonly blobPath: string;
  /** Range of the blob in the file; undefined when it is the whole file. */
  readonly range: { readonly offset: number; readonly sizeBytes: number } | undefined;
  /** Shared memory of the {@link Growth} of a file that is still being written. */
  readonly growth: SharedArrayBuffer | undefined;
  readonly digest: Digest | undefined;
  readonly diffId: DiffId | undefined;
  readonly directory: string;
  readonly indexPath: string;
  readonly rootless: boolean;
  /**
   * Own directories of the layers below, nearest first; `unknown` while those are being unpacked too; `complete` when
   * the directory is a complete tree, `empty` when it is to become one.
   */
  readonly below: readonly string[] | 'unknown' | 'complete' | 'empty';
}

export interface SpreadResult {
  readonly layer: AppliedLayer;
  readonly notes: TreeNotes;
  /** The finished index under its temporary name. */
  readonly temporaryIndex: string;
}

/** Callbacks of a long synchronous job: `check` throws to end it, `progress` receives the bytes of the blob read. */
export interface LayerJobControl {
  readonly check: () => void;
  readonly progress: (offset: number) => void;
}

const readBytes = 1 << 20;

/**
 * Unpacks one layer: read, hash, inflate, hash, parse, and a few system calls per file, all synchronous. Checks both
 * digests before it returns. Returns undefined when it would have to know the layers below; the directory is incomplete
 * then.
 * @throws ERR_LAYER_DIGEST_MISMATCH, ERR_LAYER_DIFF_ID_MISMATCH, ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID,
 *   ERR_LAYER_LINK_MISSING, ERR_LAYER_NO_SPACE, and the errors of decompression and tar parsing
 */
export function spreadLayer(job: SpreadJob, control: LayerJobControl): SpreadResult | undefined {
  using view = Array.isArray(job.below) ? new OverlayView(job.below, job) : undefined;
  const paths = new PathList();
  using index = new IndexWriter(job.indexPath, paths);
  using sink = new LayerSink(job.directory, index, {
    paths,
    below: view ?? (job.below === 'unknown' ? 'unknown' : 'complete'),
    rootless: job.rootless,
    isBase: job.below === 'empty',
  });
  try {
    const { digest, diffId, compression } = pour(job, new TarParser(sink), control);
    if (job.digest !== undefined && job.digest !== digest) throw digestMismatch('blob', job.digest, digest);
    if (job.diffId !== undefined && job.diffId !== diffId) throw digestMismatch('diffID', job.diffId, diffId);
    const notes = sink.finish();
    const { sizeBytes, tarSizeBytes, parentDependent, warnings } = sink;
    const summary = index.finish({ diffId, sizeBytes, tarSizeBytes, parentDependent });
    return {
      layer: { ...summary, digest, compression, warnings },
      notes,
      temporaryIndex: index.detach(),
    };
  } catch (error) {
    if (error instanceof NeedsLowerLayers) return undefined;
    throw error;
  }
}

interface Poured {
  readonly digest: Digest;
  readonly diffId: DiffId;
  readonly compression: CompressionFormat;
}

function pour(job: SpreadJob, parser: TarParser, control: LayerJobControl): Poured {
  const input = Buffer.allocUnsafeSlow(readBytes);
  const fd = openSync(job.blobPath, 'r');
  const start = job.range?.offset ?? 0;
  const length = job.range?.sizeBytes ?? Number.POSITIVE_INFINITY;
  const growth = job.growth && new Growth(job.growth);
  const read = (offset: number, atLeast = 1): number => {
    const end = growth?.waitPastSync(start + offset + atLeast - 1, control.check) ?? Number.POSITIVE_INFINITY;
    return readSync(fd, input, 0, Math.min(readBytes, length - offset, end - start - offset), start + offset);
  };
  try {
    let count = read(0, compressionProbeBytes);
    const compression = detectCompression(input.subarray(0, count));
    const blobHash = hashLike(job.digest);
    // An uncompressed blob is the tar: hashing it once is enough, unless the digests have different algorithms.
    const isSame = compression === 'none' && blobHash.algorithm === hashLike(job.diffId).algorithm;
    const tarHash = isSame ? undefined : hashLike(job.diffId);
    using inflater = createInflater(compression, nativeDecoders);
    const take = (chunk: Uint8Array): void => {
      control.check();
      tarHash?.hash.update(chunk);
      parser.write(chunk);
    };
    let offset = 0;
    try {
      for (; count > 0; count = read(offset)) {
        const chunk = input.subarray(0, count);
        blobHash.hash.update(chunk);
        inflater.write(chunk, take);
        offset += count;
        control.progress(offset);
      }
      inflater.finish(take);
      parser.finish();
    } catch (error) {
      throw addDamageOffset(error, offset + count);
    }
    const digest = toDigest(blobHash);
    return { digest: digest as Digest, diffId: (tarHash ? toDigest(tarHash) : digest) as DiffId, compression };
  } finally {
    closeSync(fd);
  }
}

interface NamedHash {
  readonly algorithm: string;
  readonly hash: Hash;
}

function hashLike(expected: Digest | DiffId | undefined): NamedHash {
  const algorithm = expected?.startsWith('sha512:') === true ? 'sha512' : 'sha256';
  return { algorithm, hash: createHash(algorithm) };
}

const toDigest = ({ algorithm, hash }: NamedHash): string => `${algorithm}:${hash.digest('hex')}`;
