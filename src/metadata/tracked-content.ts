import { blobNotFound } from '../content/failures.ts';
import type {
  BlobInfo,
  BlobProvider,
  BlobReader,
  BlobWriter,
  CommitOptions,
  CommittedBlob,
  ContentStore,
  DeleteOptions,
  OpenOptions,
  WriterOptions,
} from '../content/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { type Digest, parseDigest } from '../spec/digest.ts';
import type { Blobs } from './blobs.ts';
import type { Database } from './database.ts';
import type { StoreLease } from './leases.ts';
import type { Metadata } from './metadata.ts';
import type { Objects } from './objects.ts';

/** Reads blobs that are recorded, of the recorded size; needs no lease, because an open file outlives its name. */
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
 * A content store whose blobs are recorded and pinned to one lease: a blob is pinned before it can be seen, recorded
 * once it is durable, and acknowledged after that. What `info` has answered stays as long as the lease.
 */
export class TrackedContentStore extends TrackedBlobs implements ContentStore {
  readonly #content: ContentStore;
  readonly #blobs: Blobs;
  readonly #objects: Objects;
  readonly #db: Database;
  readonly #lease: StoreLease;

  constructor(content: ContentStore, metadata: Pick<Metadata, 'db' | 'blobs' | 'objects'>, lease: StoreLease) {
    super(content, metadata.blobs);
    this.#content = content;
    this.#blobs = metadata.blobs;
    this.#objects = metadata.objects;
    this.#db = metadata.db;
    this.#lease = lease;
  }

  async writer(ref: string, options?: WriterOptions): Promise<BlobWriter> {
    const writer = await this.#content.writer(ref, options);
    return new TrackedWriter(writer, { db: this.#db, blobs: this.#blobs }, this.#lease);
  }

  /** Pins the blob; undefined also when its file is missing or of another size, so that it is fetched again. */
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

  /** Forgets the record first, so that no row ever names a missing file. Another lease's pin keeps the blob. */
  async delete(digest: Digest, { signal, unless }: DeleteOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    if (!this.#objects.isPresent('blob', parseDigest(digest)) || unless?.() === true) return false;
    const forget = (): boolean => this.#blobs.forget(digest, this.#lease);
    if (!(await this.#db.transact(forget, { signal, frees: true }))) return false;
    return await this.#content.delete(digest, { unless: () => this.#objects.isPresent('blob', digest) });
  }
}

class TrackedWriter implements BlobWriter {
  readonly #writer: BlobWriter;
  readonly #metadata: Pick<Metadata, 'db' | 'blobs'>;
  readonly #lease: StoreLease;

  constructor(writer: BlobWriter, metadata: Pick<Metadata, 'db' | 'blobs'>, lease: StoreLease) {
    this.#writer = writer;
    this.#metadata = metadata;
    this.#lease = lease;
  }

  get offset(): number {
    return this.#writer.offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#writer.write(chunk);
  }

  async commit(options: CommitOptions = {}): Promise<CommittedBlob> {
    const committed = await this.#writer.commit({
      ...options,
      beforePublish: async (blob) => {
        await this.#lease.pin('blob', blob.digest, options);
        await options.beforePublish?.(blob);
      },
    });
    await this.#metadata.db.transact(() => this.#metadata.blobs.put(committed, this.#lease));
    return committed;
  }

  async truncate(offset: number): Promise<void> {
    await this.#writer.truncate(offset);
  }

  async discard(): Promise<void> {
    await this.#writer.discard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }
}
