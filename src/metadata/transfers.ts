import type { ExpectedBlob, TransferOrigin } from '../content/types.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';

/** A download or an upload of a blob that is not complete. */
export interface TransferRecord extends TransferOrigin {
  /** Names its ingest in the content store. */
  readonly ref: string;
  /** What the other side promised, as far as it did. */
  readonly digest: Digest | undefined;
  readonly sizeBytes: number | undefined;
  /** Bytes that were in the store and hashed at the last note; a writer that was killed since may have left more. */
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
 * Unfinished transfers. A row keeps its ingest from every collection, also from one after the death of its writer; without
 * a row an ingest lives as long as its writer.
 */
export class Transfers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Records a transfer whose ingest the caller holds; one that is resumed keeps its start. */
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

  /** Notes how far a transfer has come. */
  note(ref: string, verifiedBytes: number): void {
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

  /** The longest untouched first. */
  list(): TransferRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY written_at, ref`).all().map(toRecord);
  }

  /** Idempotent. */
  remove(ref: string): void {
    this.#db.write(() => this.#db.statement('DELETE FROM transfer WHERE ref = ?').run(ref));
  }

  /** Removes the record of a transfer unless somebody has written it since `writtenAt`; undefined stands for no record. */
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
