import type { CompressionFormat } from '../archive/compression/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Growth } from '../lib/growth.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { IndexSummary } from './index-file/format.ts';

/** A blob that is still being written. */
export interface StreamingBlob {
  /** Bytes written so far, shared with the worker that reads them. */
  readonly growth: Growth;
  /** Resolves when the whole blob is in the file; rejects with the writer's error. */
  readonly written: Promise<void>;
}

/** One layer to unpack: a blob in a file, verified by both digests once it is read to its end. */
export interface LayerSource {
  /** File with the blob; workers read it synchronously. */
  readonly blobPath: string;
  /** Set while the file is being written: the layer is unpacked meanwhile. */
  readonly streaming?: StreamingBlob | undefined;
  /** Offset of the blob when it is a part of that file, `sizeBytes` long. */
  readonly offset?: number | undefined;
  readonly sizeBytes: number;
  /** Digests of the stored bytes and of the uncompressed tar; each is checked when set. */
  readonly digest?: Digest | undefined;
  readonly diffId?: DiffId | undefined;
}

/** A layer that has been unpacked or made, with the summary of its index. */
export interface AppliedLayer extends IndexSummary {
  /** Digest of its blob. */
  readonly digest: Digest;
  readonly compression: CompressionFormat;
  /** One sentence for each thing the filesystem could not keep, such as an attribute it does not know. */
  readonly warnings: readonly string[];
}

export interface LayerProgress {
  readonly digest: Digest | undefined;
  readonly offset: number;
  readonly total: number;
}

/**
 * A chain of layers for a driver with own directories: spread in parallel, settled in order. `layers[0]` lies directly
 * on `lowerDirs`. Each `ownDir` is an existing, empty directory of the caller, which must discard it after a failure.
 */
export interface ApplyChainRequest extends AbortOptions {
  readonly layers: readonly { readonly source: LayerSource; readonly ownDir: string; readonly indexPath: string }[];
  /** Own directories of the existing layers below `layers[0]`, nearest first. */
  readonly lowerDirs: readonly string[];
  readonly rootless?: boolean;
  /** Flushes indexes and their folder; the caller flushes the trees. */
  readonly sync?: boolean;
  readonly report?: (event: LayerProgress) => void;
}

/** One layer to apply to a complete tree: for drivers that keep no whiteouts (vfs). */
export interface ApplyOntoRequest extends AbortOptions {
  readonly source: LayerSource;
  /** A complete tree, a copy of the parent's; changed in place. */
  readonly rootDir: string;
  readonly indexPath: string;
  /** Set when no layer is below: the directory is new, and its root gets the same owner, mode and time everywhere. */
  readonly isBase?: boolean;
  readonly rootless?: boolean;
  /** Flushes the index and its folder; the caller flushes the tree. */
  readonly sync?: boolean;
  readonly report?: (event: LayerProgress) => void;
}
