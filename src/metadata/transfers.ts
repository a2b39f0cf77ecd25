import type { ExpectedBlob, TransferOrigin } from '../content/types.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';

/** A recorded download or upload of a blob that is not complete. */
export interface TransferRecord extends TransferOrigin {
  /** Name of its ingest in the content store. */
  readonly ref: string;
  /** Digest and size that the remote side has announced, if any. */
  readonly digest: Digest | undefined;
  readonly sizeBytes: number | undefined;
  /** Bytes that were written and hashed when progress was last recorded; a killed writer may have left more. */
  readonly verifiedBytes: number;
  readonly startedAt: number;
  readonly writtenAt: number;
}

interface Row {
  readonly ref: string;
  readonly kind: TransferOrigin['kind'];
  readonly source: string;
  readonly digest: Digest | null;
  readonly size_bytes: number | null;
  readonly verified_bytes: number;
  readonly started_at: number;
  readonly written_at: number;
}

const select = 'SELECT ref, kind, source, digest, size_bytes, verified_bytes, started_at, written_at FROM transfer';

/**
 * Records of unfinished transfers. A record keeps its ingest from garbage collection, even after the death of its
 * writer; an ingest without one lives as long as its writer.
 */
export class Transfers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Records a transfer whose ingest the caller holds. A resumed one keeps its `startedAt`. */
  put(ref: string, { kind, source }: TransferOrigin, expected: Partial<ExpectedBlob>, verifiedBytes: number): void {
    this.#db.write(() => {
      this.#db
        .statement(
          `INSERT INTO transfer (ref, kind, source, digest, size_bytes, verified_bytes, started_at, written_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
           ON CONFLICT (ref) DO UPDATE SET kind = ?2, source = ?3, digest = ?4, size_bytes = ?5, verified_bytes = ?6,
             written_at = ?7`,
        )
        .run(ref, kind, source, expected.digest ?? null, expected.sizeBytes ?? null, verifiedBytes, Date.now());
    });
  }

  /** Records the progress of a transfer. */
  recordProgress(ref: string, verifiedBytes: number): void {
    this.#db.write(() => {
      this.#db
        .statement('UPDATE transfer SET verified_bytes = ?, written_at = ? WHERE ref = ?')
        .run(verifiedBytes, Date.now(), ref);
    });
  }

  get(ref: string): TransferRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE ref = ?`).get(ref);
    return row && toRecord(row);
  }

  /** Lists all transfers, the longest untouched first. */
  list(): TransferRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY written_at, ref`).all().map(toRecord);
  }

  /** Removes a record. Idempotent. */
  remove(ref: string): void {
    this.#db.write(() => this.#db.statement('DELETE FROM transfer WHERE ref = ?').run(ref));
  }

  /**
   * Removes the record of a transfer unless its writer has changed it since `writtenAt`; undefined means that there was
   * no record. Returns false when the record stays.
   */
  removeUntouched(ref: string, writtenAt: number | undefined): boolean {
    return this.#db.write(() => {
      if (this.get(ref)?.writtenAt !== writtenAt) return false;
      this.remove(ref);
      return true;
    });
  }
}

const toRecord = (row: Row): TransferRecord => ({
  ref: row.ref,
  kind: row.kind,
  source: row.source,
  digest: row.digest ?? undefined,
  sizeBytes: row.size_bytes ?? undefined,
  verifiedBytes: row.verified_bytes,
  startedAt: row.started_at,
  writtenAt: row.written_at,
});
