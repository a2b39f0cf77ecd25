import { losesIngest } from '../content/failures.ts';
import type { BlobIngester, BlobWriter, CommitOptions, CommittedBlob, TransferOrigin } from '../content/types.ts';
import type { Database } from './database.ts';
import type { Transfers } from './transfers.ts';

export interface TransferParts {
  readonly ref: string;
  readonly kind: TransferOrigin['kind'];
  readonly db: Database;
  readonly transfers: Transfers;
  readonly content: Pick<BlobIngester, 'discardIngest'>;
}

// What `system df` and a client that resumes are shown; the bytes themselves are counted when they are taken up again.
const noteEveryBytes = 32 << 20;

/**
 * A writer of a recorded transfer: notes how far it has come, and forgets the record with the bytes. An upload stands before
 * its first byte: its client was told a place, and asks another process for it. A download of nothing is begun anew.
 */
export class TransferWriter implements BlobWriter {
  readonly #writer: BlobWriter;
  readonly #parts: TransferParts;
  #notedBytes: number;
  #isOpen = true;

  constructor(writer: BlobWriter, parts: TransferParts) {
    this.#writer = writer;
    this.#parts = parts;
    this.#notedBytes = writer.offset;
  }

  get offset(): number {
    return this.#writer.offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#orForget(() => this.#writer.write(chunk));
    if (this.offset - this.#notedBytes >= noteEveryBytes) await this.#note();
  }

  async commit(options: CommitOptions = {}): Promise<CommittedBlob> {
    const committed = await this.#orForget(() => this.#writer.commit(options));
    this.#isOpen = false;
    return committed;
  }

  async truncate(offset: number): Promise<void> {
    await this.#orForget(() => this.#writer.truncate(offset));
    await this.#note();
  }

  async discard(): Promise<void> {
    if (this.#isOpen) await this.#forget();
    await this.#writer.discard();
  }

  /** The ingest is let go of whatever becomes of the note: a process that lives on would hold it for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isOpen = this.#isOpen;
    this.#isOpen = false;
    try {
      if (isOpen) await (this.offset === 0 && this.#parts.kind === 'download' ? this.#forget() : this.#note());
    } finally {
      await this.#writer[Symbol.asyncDispose]();
    }
  }

  /** Not flushed: after a power cut the bytes are counted anyway. */
  async #note(): Promise<void> {
    const { ref, db, transfers } = this.#parts;
    const { offset } = this;
    if (offset === this.#notedBytes) return;
    await db.transact(() => transfers.note(ref, offset), { skipFlush: true });
    this.#notedBytes = offset;
  }

  async #forget(): Promise<void> {
    const { ref, db, transfers } = this.#parts;
    this.#isOpen = false;
    await db.transact(() => transfers.remove(ref), { skipFlush: true, freesSpace: true });
  }

  async #forgetLost(): Promise<void> {
    const { ref, db, transfers, content } = this.#parts;
    this.#isOpen = false;
    const writtenAt = transfers.get(ref)?.writtenAt;
    const remove = (): boolean => transfers.removeUntouched(ref, writtenAt);
    await content.discardIngest(ref, () => db.transact(remove, { skipFlush: true, freesSpace: true }));
  }

  async #orForget<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // The ingest was let go of: another writer may hold it by now, whose transfer stays.
      if (losesIngest(error)) {
        await this.#forgetLost().catch(() => {
          // The first failure is the one to tell; what stays is trimmed.
        });
      }
      throw error;
    }
  }
}
