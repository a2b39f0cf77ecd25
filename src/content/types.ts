import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';

/** What is known of a blob before its bytes came. Without a size only the digest is checked. */
export interface ExpectedBlob {
  readonly digest: Digest;
  readonly sizeBytes?: number | undefined;
}

/** A blob that is there. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface BlobInfo extends StoredBlob {
  readonly modifiedAt: Date;
}

/** Random access to one blob's bytes; holds an open file until disposed. */
export interface BlobReader extends AsyncDisposable {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Fills `target` from `position`; answers how many bytes were there (fewer only at the end). */
  read(target: Uint8Array, position: number): Promise<number>;
  /**
   * The bytes from `start` (default 0) up to, not including, `end` (default the size), in pieces of at most 1 MiB that
   * the caller may keep; not re-verified (see `verifyStream`).
   */
  stream(options?: AbortOptions & { readonly start?: number; readonly end?: number }): AsyncIterable<Uint8Array>;
}

export interface OpenOptions extends AbortOptions {
  /** The size its descriptor gives; a blob of another length is damaged and not served. */
  readonly sizeBytes?: number | undefined;
}

export interface BlobProvider {
  /**
   * Throws ERR_BLOB_NOT_FOUND when the store lacks it, ERR_BLOB_DAMAGED (corrupt) when its length is wrong; any other
   * failure keeps its own code.
   */
  open(digest: Digest, options?: OpenOptions): Promise<BlobReader>;
}

/** Where the bytes of a transfer come from. */
export interface TransferOrigin {
  readonly kind: 'download' | 'upload';
  /** For people: the repository that is pulled from or pushed to. */
  readonly source: string;
}

export interface WriterOptions extends AbortOptions {
  /** The writer refuses bytes beyond the size and a commit of any other digest. */
  readonly expected?: ExpectedBlob | undefined;
  /**
   * The ingest is a transfer, and outlives its writer and its process until it is complete, discarded or pruned. Others go
   * when nobody writes them and garbage is collected.
   */
  readonly transfer?: TransferOrigin | undefined;
}

export interface CommitOptions extends Omit<WriterOptions, 'transfer'> {
  /**
   * Called once when size and digest are verified and before the blob can be seen: the place to pin it, so that garbage
   * collection never meets a blob nobody holds. If it fails, nothing becomes visible and the ingest stays.
   */
  readonly beforePublish?: ((blob: StoredBlob) => Promise<void> | void) | undefined;
}

/** `existed` tells that the store had the blob already. */
export interface CommittedBlob extends StoredBlob {
  readonly existed: boolean;
}

/**
 * One unfinished blob, for one caller that awaits each call before the next. Disposal without `commit` leaves the bytes
 * for a later resume under the same `ref` (see {@link BlobIngester.writer}); `discard` throws them away. The signal
 * given to `writer` also ends `write`, `truncate` and `commit`; an aborted writer keeps what it had.
 */
export interface BlobWriter extends AsyncDisposable {
  /** Bytes taken so far, including those of an earlier, interrupted writer of the same ref. */
  readonly offset: number;
  /** The chunk may be reused once this resolves. Throws ERR_BLOB_SIZE_MISMATCH (corrupt) for bytes beyond the size. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the blob durable and visible: when it resolves, the bytes survive a power cut under their digest.
   * Throws ERR_BLOB_DIGEST_MISMATCH or ERR_BLOB_SIZE_MISMATCH (corrupt) and then keeps nothing.
   */
  commit(options?: CommitOptions): Promise<CommittedBlob>;
  /** Forgets what was written after `offset` bytes (0 starts over); an offset beyond what is there is a bug. */
  truncate(offset: number): Promise<void>;
  discard(): Promise<void>;
}

export interface BlobIngester {
  /**
   * Opens or resumes the ingest `ref` (any text; equal texts share one ingest). Throws ERR_INGEST_BUSY (unavailable)
   * while another writer, in this process or another, holds it.
   */
  writer(ref: string, options?: WriterOptions): Promise<BlobWriter>;
  /**
   * Removes the unfinished blob `ref`, if there is one, unless `forget` returns false. While that runs nobody can begin to
   * write what is there; where nothing is, somebody may. Returns false when the blob stays, which it does while somebody
   * writes it. Needs no room on the disk.
   */
  discardIngest(ref: string, forget: () => Promise<boolean>): Promise<boolean>;
}

export interface DeleteOptions extends AbortOptions {
  /** Asked while nobody can publish that blob; true keeps it. */
  readonly unless?: (() => boolean) | undefined;
}

export interface BlobManager {
  /** Undefined when the blob is absent or has a length it cannot have, so that whoever asks fetches it again. */
  info(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined>;
  list(options?: AbortOptions): AsyncIterable<BlobInfo>;
  /** Idempotent: answers whether the blob was there and is gone now. Readers that have it open keep reading. */
  delete(digest: Digest, options?: DeleteOptions): Promise<boolean>;
}

export interface ContentStore extends BlobProvider, BlobIngester, BlobManager {}
