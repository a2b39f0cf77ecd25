import { blobNotFound } from '../content/failures.ts';
import type {
  BlobInfo,
  BlobProvider,
  BlobReader,
  BlobWriter,
  ContentStore,
  DeleteOptions,
  OpenOptions,
  StoredBlob,
  WriterOptions,
} from '../content/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { type Digest, parseDigest } from '../spec/digest.ts';
import type { Blobs } from './blobs.ts';
import type { Database } from './database.ts';
import type { StoreLease } from './leases.ts';
import type { Metadata } from './metadata.ts';
import type { Objects } from './objects.ts';
import { TrackedWriter } from './tracked-writer.ts';
import { TransferWriter } from './transfer-writer.ts';
import type { Transfers } from './transfers.ts';

/** Reads recorded blobs, and checks their recorded size. Needs no lease, because an open file outlives its name. */
export class TrackedBlobs implements BlobProvider {
  readonly #content: BlobProvider;
  readonly #blobs: Blobs;

  constructor(content: BlobProvider, blobs: Blobs) {
    this.#content = content;
    this.#blobs = blobs;
  }

  async open(digest: Digest, options: OpenOptions = {}): Promise<BlobReader> {
    options.signal?.throwIfAborted();
    const record = this.#blobs.get(parseDigest(digest));
    if (!record) throw blobNotFound(digest);
    return await this.#content.open(digest, { ...options, sizeBytes: options.sizeBytes ?? record.sizeBytes });
  }
}

/**
 * A content store whose blobs are recorded and pinned to one lease. A blob is pinned before it becomes visible,
 * recorded once it is durable, and acknowledged after that. A blob that `info` has returned stays as long as the lease.
 */
export class TrackedContentStore extends TrackedBlobs implements ContentStore {
  readonly #content: ContentStore;
  readonly #blobs: Blobs;
  readonly #objects: Objects;
  readonly #db: Database;
  readonly #transfers: Transfers;
  readonly #lease: StoreLease;

  constructor(
    content: ContentStore,
    metadata: Pick<Metadata, 'db' | 'blobs' | 'objects' | 'transfers'>,
    lease: StoreLease,
  ) {
    super(content, metadata.blobs);
    this.#content = content;
    this.#blobs = metadata.blobs;
    this.#objects = metadata.objects;
    this.#db = metadata.db;
    this.#transfers = metadata.transfers;
    this.#lease = lease;
  }

  async writer(ref: string, options: WriterOptions = {}): Promise<BlobWriter> {
    const writer = await this.#content.writer(ref, options);
    const { transfer, expected = {} } = options;
    const put = (blob: StoredBlob): void => this.#blobs.put(blob, this.#lease);
    if (transfer === undefined) return new TrackedWriter(writer, this.#db, this.#lease, put);
    try {
      // The ingest is locked, so no other writer can open it before the transfer is recorded.
      await this.#db.transact(() => this.#transfers.put(ref, transfer, expected, writer.offset), options);
    } catch (error) {
      await writer[Symbol.asyncDispose]();
      throw error;
    }
    const complete = (blob: StoredBlob): void => {
      put(blob);
      this.#transfers.remove(ref);
    };
    const tracked = new TrackedWriter(writer, this.#db, this.#lease, complete);
    return new TransferWriter(tracked, {
      ref,
      kind: transfer.kind,
      db: this.#db,
      transfers: this.#transfers,
      content: this.#content,
    });
  }

  async discardIngest(ref: string, forget: () => Promise<boolean>): Promise<boolean> {
    const writtenAt = this.#transfers.get(ref)?.writtenAt;
    return await this.#content.discardIngest(ref, async () => {
      const remove = (): boolean => this.#transfers.removeUntouched(ref, writtenAt);
      return (await this.#db.transact(remove, { freesSpace: true })) && (await forget());
    });
  }

  /** Pins the blob. Also returns undefined when its file is missing or of another size, so that it is fetched again. */
  async info(digest: Digest, options: AbortOptions = {}): Promise<BlobInfo | undefined> {
    options.signal?.throwIfAborted();
    if (!(await this.#lease.pinIfPresent('blob', parseDigest(digest), options))) return undefined;
    const found = await this.#content.info(digest, options);
    return found && found.sizeBytes === this.#blobs.get(digest)?.sizeBytes ? found : undefined;
  }

  async *list(options: AbortOptions = {}): AsyncGenerator<BlobInfo, void, undefined> {
    options.signal?.throwIfAborted();
    for (const { digest, sizeBytes, createdAt } of this.#blobs.list()) {
      yield (await this.#content.info(digest, options)) ?? { digest, sizeBytes, modifiedAt: new Date(createdAt) };
      options.signal?.throwIfAborted();
    }
  }

  /**
   * Deletes the record, then the file, so that no row ever names a missing file. A pin of another lease keeps the blob.
   */
  async delete(digest: Digest, { signal, unless }: DeleteOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    if (!this.#objects.isPresent('blob', parseDigest(digest)) || unless?.() === true) return false;
    const forget = (): boolean => this.#blobs.forget(digest, this.#lease);
    if (!(await this.#db.transact(forget, { signal, freesSpace: true }))) return false;
    return await this.#content.delete(digest, { unless: () => this.#objects.isPresent('blob', digest) });
  }
}
