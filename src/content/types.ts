import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';

export interface BlobInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** Random access to one blob's bytes; holds an open file until disposed. */
export interface BlobReader extends AsyncDisposable {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Fills `target` from `position`; answers how many bytes were there (fewer only at the end). */
  read(target: Uint8Array, position: number): Promise<number>;
  /** The bytes from `start` to the end, in pieces of at most 1 MiB, not re-verified (see `verified`). */
  stream(options?: AbortOptions & { readonly start?: number; readonly end?: number }): AsyncIterable<Uint8Array>;
}

export interface BlobProvider {
  /** Throws ERR_BLOB_NOT_FOUND when the store lacks it; any other failure keeps its own code. */
  open(digest: Digest, options?: AbortOptions): Promise<BlobReader>;
}

export interface WriterOptions extends AbortOptions {
  /** When both are known the writer refuses bytes beyond the size and a commit of any other digest. */
  readonly expected?: { readonly digest: Digest; readonly sizeBytes: number } | undefined;
}

/**
 * One unfinished blob. Disposal without `commit` leaves the verified bytes for a later resume under the same `ref`
 * (see {@link BlobIngester.writer}); `discard` throws them away.
 */
export interface BlobWriter extends AsyncDisposable {
  /** Bytes taken so far, including those of an earlier, interrupted writer of the same ref. */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the blob durable and visible: when it resolves, the bytes survive a power cut under their digest.
   * `existed` tells that the store had it already. Throws ERR_BLOB_DIGEST_MISMATCH or ERR_BLOB_SIZE_MISMATCH
   * (corrupt) and then keeps nothing.
   */
  commit(
    options?: WriterOptions,
  ): Promise<{ readonly digest: Digest; readonly sizeBytes: number; readonly existed: boolean }>;
  /** Forgets what was written after `offset` bytes (0 starts over). */
  truncate(offset: number): Promise<void>;
  discard(): Promise<void>;
}

export interface BlobIngester {
  /**
   * Opens or resumes the ingest `ref` (any text; equal texts share one ingest). Throws ERR_INGEST_BUSY (unavailable)
   * while another writer, in this process or another, holds it.
   */
  writer(ref: string, options?: WriterOptions): Promise<BlobWriter>;
}

export interface BlobManager {
  info(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined>;
  list(options?: AbortOptions): AsyncIterable<BlobInfo>;
  /** Idempotent: answers whether the blob was there. */
  delete(digest: Digest, options?: AbortOptions): Promise<boolean>;
}

export interface ContentStore extends BlobProvider, BlobIngester, BlobManager {}
