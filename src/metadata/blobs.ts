import type { StoredBlob } from '../content/types.ts';
import type { Lease } from '../ledger/types.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import type { Objects } from './objects.ts';

/** A recorded blob. */
export interface BlobRecord extends StoredBlob {
  readonly createdAt: number;
}

interface Row {
  readonly key: Digest;
  readonly size_bytes: number;
  readonly created_at: number;
}

const select = 'SELECT o.key, b.size_bytes, b.created_at FROM blob b JOIN object o ON o.id = b.object_id';

/** Records of blobs whose files are complete and durable. */
export class Blobs {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a blob whose file exists, and pins it to `lease`. Idempotent. */
  put({ digest, sizeBytes }: StoredBlob, lease: Lease): void {
    this.#db.write(() => {
      this.#db
        .statement(
          `INSERT INTO blob (object_id, size_bytes, created_at) VALUES (?, ?, ?)
           ON CONFLICT (object_id) DO UPDATE SET size_bytes = excluded.size_bytes`,
        )
        .run(this.#objects.put('blob', digest, lease), sizeBytes, Date.now());
    });
  }

  get(digest: Digest): BlobRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE o.kind = 'blob' AND o.key = ?`).get(digest);
    return row && toRecord(row);
  }

  /** Lists the blobs in the order of their digests. */
  list(): BlobRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY o.key`).all().map(toRecord);
  }

  /**
   * Removes the record of a blob even if other objects refer to it, because it can be remade or fetched again. Returns
   * false and changes nothing when a lease other than `lease` pins it or there is no such blob.
   */
  forget(digest: Digest, lease: Lease | undefined): boolean {
    return this.#db.write(() => {
      const id = this.#objects.find('blob', digest);
      if (id === undefined || this.#objects.countPins(id, lease) > 0) return false;
      this.#objects.markAbsent(id);
      return this.#db.statement('DELETE FROM blob WHERE object_id = ?').run(id) > 0;
    });
  }
}

const toRecord = (row: Row): BlobRecord => ({
  digest: row.key,
  sizeBytes: row.size_bytes,
  createdAt: row.created_at,
});
