import { losesIngest } from '../content/failures.ts';
import type { BlobIngester, BlobWriter, CommitBlobOptions, CommittedBlob, TransferOrigin } from '../content/types.ts';
import type { Database } from './database.ts';
import type { Transfers } from './transfers.ts';

/** The transfer being written, and the parts of the store that it uses. */
export interface TransferContext {
  readonly ref: string;
  readonly kind: TransferOrigin['kind'];
  readonly db: Database;
  readonly transfers: Transfers;
  readonly content: Pick<BlobIngester, 'discardIngest'>;
}

// For `system df` and clients that ask for the progress; a resumed transfer counts the bytes themselves.
const recordEveryBytes = 32 << 20;

/**
 * A writer of a recorded transfer. It records the progress, and removes the record together with the bytes. An upload
 * is kept even without a byte, because its client has its URL and may continue in another process. An empty download is
 * forgotten.
 */
export class TransferWriter implements BlobWriter {
  readonly #writer: BlobWriter;
  readonly #context: TransferContext;
  #recordedBytes: number;
  #isOpen = true;

  constructor(writer: BlobWriter, context: TransferContext) {
    this.#writer = writer;
    this.#context = context;
    this.#recordedBytes = writer.offset;
  }

  get offset(): number {
    return this.#writer.offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#orForget(() => this.#writer.write(chunk));
    if (this.offset - this.#recordedBytes >= recordEveryBytes) await this.#recordProgress();
  }

  async commit(options: CommitBlobOptions = {}): Promise<CommittedBlob> {
    const committed = await this.#orForget(() => this.#writer.commit(options));
    this.#isOpen = false;
    return committed;
  }

  async truncate(offset: number): Promise<void> {
    await this.#orForget(() => this.#writer.truncate(offset));
    await this.#recordProgress();
  }

  async discard(): Promise<void> {
    if (this.#isOpen) await this.#forget();
    await this.#writer.discard();
  }

  /** Releases the ingest even if recording fails: a long-lived process would hold it until its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isOpen = this.#isOpen;
    this.#isOpen = false;
    try {
      const isEmptyDownload = this.offset === 0 && this.#context.kind === 'download';
      if (isOpen) await (isEmptyDownload ? this.#forget() : this.#recordProgress());
    } finally {
      await this.#writer[Symbol.asyncDispose]();
    }
  }

  /** Records the offset. Not flushed: after a power cut the bytes are counted anyway. */
  async #recordProgress(): Promise<void> {
    const { ref, db, transfers } = this.#context;
    const { offset } = this;
    if (offset === this.#recordedBytes) return;
    await db.transact(() => transfers.recordProgress(ref, offset), { skipFlush: true });
    this.#recordedBytes = offset;
  }

  async #forget(): Promise<void> {
    const { ref, db, transfers } = this.#context;
    this.#isOpen = false;
    await db.transact(() => transfers.remove(ref), { skipFlush: true, freesSpace: true });
  }

  async #forgetLost(): Promise<void> {
    const { ref, db, transfers, content } = this.#context;
    this.#isOpen = false;
    const writtenAt = transfers.get(ref)?.writtenAt;
    const remove = (): boolean => transfers.removeUntouched(ref, writtenAt);
    await content.discardIngest(ref, () => db.transact(remove, { skipFlush: true, freesSpace: true }));
  }

  async #orForget<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // The ingest is released by now, and another writer may hold it: that one's transfer stays.
      if (losesIngest(error)) {
        await this.#forgetLost().catch(() => {
          // The first failure is reported; a remaining record is trimmed later.
        });
      }
      throw error;
    }
  }
}
