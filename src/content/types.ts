import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';

/** A blob as announced, before its bytes arrive, usually by a descriptor. Without a size only the digest is checked. */
export interface ExpectedBlob {
  readonly digest: Digest;
  readonly sizeBytes?: number | undefined;
}

/** A complete blob of a store. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A stored blob with the time at which its bytes were last written. */
export interface BlobInfo extends StoredBlob {
  readonly modifiedAt: Date;
}

/**
 * Random access to the bytes of one blob. It holds an open file until it is disposed, and can be read to the end even
 * when the blob is deleted meanwhile.
 */
export interface BlobReader extends AsyncDisposable {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Fills `target` with the bytes from `position` on. Returns the number of bytes read: fewer only at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  /**
   * Streams the bytes from `start` (default 0) up to, not including, `end` (default the size), in chunks of at most
   * 1 MiB. The caller may keep the chunks. The digest is not checked again: wrap the stream in `verifyStream` for that.
   */
  stream(options?: AbortOptions & { readonly start?: number; readonly end?: number }): AsyncIterable<Uint8Array>;
}

export interface OpenOptions extends AbortOptions {
  /** Size in the blob's descriptor. A stored blob of another length counts as damaged. */
  readonly sizeBytes?: number | undefined;
}

/** Reads blobs by digest. */
export interface BlobProvider {
  /**
   * Opens a blob for reading; the caller disposes the reader. Other failures keep their own code.
   * @throws ERR_BLOB_NOT_FOUND when the store lacks the blob
   * @throws ERR_BLOB_DAMAGED (corrupt) when its length is wrong
   */
  open(digest: Digest, options?: OpenOptions): Promise<BlobReader>;
}

/** Direction and remote side of a transfer. */
export interface TransferOrigin {
  readonly kind: 'download' | 'upload';
  /** For people: the repository that is pulled from or pushed to. */
  readonly source: string;
}

export interface WriterOptions extends AbortOptions {
  /** The blob to receive: the writer refuses bytes above its size and a commit under any other digest. */
  readonly expected?: ExpectedBlob | undefined;
  /**
   * Marks the ingest as a transfer, which outlives its writer and its process until it is complete, discarded or
   * pruned. Other ingests are removed by the next garbage collection after their writer is closed.
   */
  readonly transfer?: TransferOrigin | undefined;
}

export interface CommitBlobOptions extends Omit<WriterOptions, 'transfer'> {
  /**
   * Called once, after size and digest are verified and before the blob becomes visible. Pin the blob here, so that
   * garbage collection never finds it unpinned. If the call fails, nothing becomes visible and the ingest stays.
   */
  readonly beforePublish?: ((blob: StoredBlob) => Promise<void> | void) | undefined;
}

/** A blob that is durable and visible. */
export interface CommittedBlob extends StoredBlob {
  /** True when the store had the blob before. */
  readonly existed: boolean;
}

/**
 * Writes one unfinished blob (an *ingest*). Await each call before the next. Disposal without `commit` keeps the bytes,
 * so that a later writer of the same `ref` resumes after them (see {@link BlobIngester.writer}); `discard` removes
 * them. The signal given to `writer` also ends `write`, `truncate` and `commit`; an aborted writer keeps its bytes.
 */
export interface BlobWriter extends AsyncDisposable {
  /** Bytes written so far, including those of an earlier, interrupted writer of the same ref. */
  readonly offset: number;
  /**
   * Appends a chunk, which the caller may reuse once this resolves.
   * @throws ERR_BLOB_SIZE_MISMATCH (corrupt) for bytes above the expected size; the ingest is removed
   * @throws ERR_NO_SPACE (exhausted) when the disk is full; the ingest is removed
   */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the blob durable and visible: once this resolves, the bytes survive a power cut under their digest.
   * @throws ERR_BLOB_DIGEST_MISMATCH, ERR_BLOB_SIZE_MISMATCH (corrupt); the ingest is removed
   */
  commit(options?: CommitBlobOptions): Promise<CommittedBlob>;
  /** Drops all bytes after `offset`; 0 starts over. An offset above the current one is a programming error. */
  truncate(offset: number): Promise<void>;
  /** Removes the ingest and closes the writer. Idempotent. */
  discard(): Promise<void>;
}

/** Receives new blobs. */
export interface BlobIngester {
  /**
   * Opens the ingest `ref` for writing, or resumes it. Any text may be a ref; equal texts name one ingest.
   * @throws ERR_INGEST_BUSY (unavailable) while another writer, in this process or another, has it open
   */
  writer(ref: string, options?: WriterOptions): Promise<BlobWriter>;
  /**
   * Removes the ingest `ref`, unless `forget` returns false. An existing ingest cannot be opened while `forget` runs; a
   * missing one can. Returns false when the ingest stays, as it does while a writer has it open. Works on a full disk.
   */
  discardIngest(ref: string, forget: () => Promise<boolean>): Promise<boolean>;
}

export interface DeleteOptions extends AbortOptions {
  /** Called while the blob cannot be published; true keeps the blob. */
  readonly unless?: (() => boolean) | undefined;
}

/** Lists and deletes blobs. */
export interface BlobManager {
  /** Returns undefined when the blob is absent or has an impossible length, so that the caller fetches it again. */
  info(digest: Digest, options?: AbortOptions): Promise<BlobInfo | undefined>;
  /** Lists the blobs of the store; ingests are not among them. */
  list(options?: AbortOptions): AsyncIterable<BlobInfo>;
  /** Deletes a blob. Idempotent: returns true when it existed and is removed. Open readers keep reading. */
  delete(digest: Digest, options?: DeleteOptions): Promise<boolean>;
}

/** Blobs by digest: reading, receiving, listing, deleting. */
export interface ContentStore extends BlobProvider, BlobIngester, BlobManager {}
