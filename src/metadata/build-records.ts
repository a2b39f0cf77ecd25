import type { JsonValue } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { Database } from './database.ts';
import type { ObjectRef, Objects } from './objects.ts';

export interface BuildRecord {
  readonly key: string;
  /** For people: the step's name. */
  readonly description: string;
  /** What the build layer wants to find again; metadata does not look into it. */
  readonly result: JsonValue;
  readonly sizeBytes: number;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
  /** Some running operation pins it. */
  readonly inUse: boolean;
}

export interface NewBuildRecord {
  readonly key: string;
  readonly description: string;
  readonly result: JsonValue;
  readonly sizeBytes: number;
  /** What the result consists of; without any of these the record is worthless. */
  readonly links: readonly ObjectRef[];
}

interface Row {
  readonly object_id: number;
  readonly key: string;
  readonly description: string;
  readonly result: string;
  readonly size_bytes: number;
  readonly created_at: number;
  readonly last_used_at: number;
  readonly use_count: number;
  readonly in_use: number;
}

const select = `SELECT b.object_id, o.key, b.description, b.result, b.size_bytes, b.created_at, b.last_used_at, b.use_count,
    EXISTS (SELECT 1 FROM lease_ref r WHERE r.object_id = b.object_id) AS in_use
  FROM build_record b JOIN object o ON o.id = b.object_id`;

/**
 * The build cache: a step's key and what it made. A record keeps its results until the cache is pruned; a lost result
 * ends the record, never the other way round. Nothing here is flushed: a power cut costs cache, not images.
 */
export class BuildRecords {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a result, pinned to `lease`; replaces an earlier one of the same key. */
  put({ key, description, result, sizeBytes, links }: NewBuildRecord, lease: Lease): void {
    this.#db.writeVolatile(() => {
      const id = this.#objects.put('build', key, lease);
      this.#db.statement('DELETE FROM edge WHERE from_id = ?').run(id);
      this.#db
        .statement(
          `INSERT OR REPLACE INTO build_record
             (object_id, description, result, size_bytes, created_at, last_used_at, use_count)
           VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)`,
        )
        .run(id, description, JSON.stringify(result), sizeBytes, Date.now());
      for (const link of links) this.#objects.linkRow(id, link);
    });
  }

  /** The result under a key, it and all it consists of pinned to `lease`, and counted as used now. */
  find(key: string, lease: Lease): BuildRecord | undefined {
    return this.#db.writeVolatile(() => {
      const row = this.#row(key);
      if (!row) return undefined;
      const links = this.#objects.linksOf({ kind: 'build', key });
      if (links.some((link) => !this.#objects.isPresent(link.kind, link.key))) {
        this.#forget(row.object_id);
        return undefined;
      }
      this.#objects.pin('build', key, lease);
      // By themselves: another build may put a new result in the record's place meanwhile (`--no-cache`).
      for (const link of links) this.#objects.pin(link.kind, link.key, lease);
      this.#db
        .statement('UPDATE build_record SET last_used_at = ?, use_count = use_count + 1 WHERE object_id = ?')
        .run(Date.now(), row.object_id);
      const used = this.#row(key);
      return used && toRecord(used);
    });
  }

  /** Least recently used first. */
  list(): BuildRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY b.last_used_at, b.object_id`).all().map(toRecord);
  }

  /** Forgets a record unless it is in use; garbage collection takes what only it kept. Answers whether it went. */
  remove(key: string): boolean {
    return this.#db.writeToFree(() => {
      const row = this.#row(key);
      if (!row || row.in_use === 1) return false;
      this.#forget(row.object_id);
      return true;
    });
  }

  #row(key: string): Row | undefined {
    return this.#db.statement<Row>(`${select} WHERE o.kind = 'build' AND o.key = ?`).get(key);
  }

  #forget(objectId: number): void {
    this.#db.statement('DELETE FROM build_record WHERE object_id = ?').run(objectId);
    this.#objects.markAbsent(objectId);
  }
}

const toRecord = (row: Row): BuildRecord => ({
  key: row.key,
  description: row.description,
  result: JSON.parse(row.result) as JsonValue,
  sizeBytes: row.size_bytes,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  useCount: row.use_count,
  inUse: row.in_use === 1,
});
