import type { CompressionFormat } from '../archive/compression/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Growth } from '../lib/growth.ts';
import type { DiffId, Digest } from '../spec/digest.ts';
import type { IndexSummary } from './index-file/format.ts';

/** A blob that is still being written. */
export interface StreamingBlob {
  /** How far it is. */
  readonly growth: Growth;
  /** Resolves when all of it is in the file; rejects with the writer's failure. */
  readonly written: Promise<void>;
}

/** One layer to unpack: a stream in a file, whose end is verified by both digests. */
export interface LayerSource {
  /** The blob as a file; workers read it synchronously. */
  readonly blobPath: string;
  /** Given when the file is not whole yet: the layer is unpacked while it comes. */
  readonly streaming?: StreamingBlob | undefined;
  /** Given when the blob is a piece of that file, `sizeBytes` long: where it begins. */
  readonly offset?: number | undefined;
  readonly sizeBytes: number;
  /** Checked when given: the digest of the stored bytes and of the uncompressed tar. */
  readonly digest?: Digest | undefined;
  readonly diffId?: DiffId | undefined;
}

/** A layer that is unpacked or made, and what its index says of it. */
export interface AppliedLayer extends IndexSummary {
  /** Of its blob. */
  readonly digest: Digest;
  readonly compression: CompressionFormat;
  /** What the filesystem could not keep, such as attributes it does not know: a sentence each. */
  readonly warnings: readonly string[];
}

export interface LayerProgress {
  readonly digest: Digest | undefined;
  readonly offset: number;
  readonly total: number;
}

/**
 * A chain of layers for a driver with own directories: spread in parallel, settled in order. `layers[0]` is the one
 * on `lowerDirs`; each `ownDir` exists, is empty, and belongs to the caller, who throws it away if this rejects.
 */
export interface ApplyChainRequest extends AbortOptions {
  readonly layers: readonly { readonly source: LayerSource; readonly ownDir: string; readonly indexPath: string }[];
  /** Own directories of layers already in place below `layers[0]`, nearest first. */
  readonly lowerDirs: readonly string[];
  readonly rootless?: boolean;
  /** Flush indexes and their folder; the trees are the caller's to flush. */
  readonly sync?: boolean;
  readonly report?: (event: LayerProgress) => void;
}

/** One layer into a complete tree, in order: for drivers that keep no whiteouts (vfs). */
export interface ApplyOntoRequest extends AbortOptions {
  readonly source: LayerSource;
  /** A complete tree, the parent's copy; changed in place. */
  readonly rootDir: string;
  readonly indexPath: string;
  /** No layer is below: the directory is new, and its root gets the same owner, mode and time everywhere. */
  readonly isBase?: boolean;
  readonly rootless?: boolean;
  /** Flush the index and its folder; the tree is the caller's to flush. */
  readonly sync?: boolean;
  readonly report?: (event: LayerProgress) => void;
}
