import type { BlobWriter, CommitBlobOptions, CommittedBlob, StoredBlob } from '../content/types.ts';
import type { Database } from './database.ts';
import type { StoreLease } from './leases.ts';

/** A writer whose blob is pinned before it becomes visible, and recorded once it is durable. */
export class TrackedWriter implements BlobWriter {
  readonly #writer: BlobWriter;
  readonly #db: Database;
  readonly #lease: StoreLease;
  readonly #record: (blob: StoredBlob) => void;

  /** `record` runs in the transaction that acknowledges the blob. */
  constructor(writer: BlobWriter, db: Database, lease: StoreLease, record: (blob: StoredBlob) => void) {
    this.#writer = writer;
    this.#db = db;
    this.#lease = lease;
    this.#record = record;
  }

  get offset(): number {
    return this.#writer.offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#writer.write(chunk);
  }

  async commit(options: CommitBlobOptions = {}): Promise<CommittedBlob> {
    const committed = await this.#writer.commit({
      ...options,
      beforePublish: async (blob) => {
        await this.#lease.pin('blob', blob.digest, options);
        await options.beforePublish?.(blob);
      },
    });
    await this.#db.transact(() => this.#record(committed));
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
