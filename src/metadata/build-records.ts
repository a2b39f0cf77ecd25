import type { JsonValue } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { Database } from './database.ts';
import type { ObjectRef, Objects } from './objects.ts';

/** A recorded result of a build step. */
export interface BuildRecord {
  readonly id: string;
  /** Key of the step. Each storage driver has its own record under the same key. */
  readonly key: string;
  /** For people: the step's name. */
  readonly description: string;
  /** Data of the builder, opaque to metadata. */
  readonly result: JsonValue;
  readonly sizeBytes: number;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly useCount: number;
  /** True while a running operation pins it. */
  readonly inUse: boolean;
}

/** A build result to be recorded. */
export interface NewBuildRecord {
  readonly id: string;
  readonly key: string;
  /** Further keys under which the record is found. */
  readonly otherKeys?: readonly string[];
  readonly description: string;
  readonly result: JsonValue;
  readonly sizeBytes: number;
  /** Objects that the result consists of. The record is useless once one of them is missing. */
  readonly links: readonly ObjectRef[];
}

interface Row {
  readonly object_id: number;
  readonly id: string;
  readonly key: string;
  readonly description: string;
  readonly result: string;
  readonly size_bytes: number;
  readonly created_at: number;
  readonly last_used_at: number;
  readonly use_count: number;
  readonly in_use: number;
}

const select = `SELECT b.object_id, o.key AS id, b.key, b.description, b.result, b.size_bytes, b.created_at, b.last_used_at, b.use_count,
    EXISTS (SELECT 1 FROM lease_ref r WHERE r.object_id = b.object_id) AS in_use
  FROM build_record b JOIN object o ON o.id = b.object_id`;

/**
 * The build cache: keys of steps and their results. A record keeps its results until the cache is pruned, and is
 * removed when a result is missing. Nothing here is flushed: a power cut costs cache entries, not images.
 */
export class BuildRecords {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a result and pins it to `lease`; replaces an earlier record of the same ID. */
  async put(record: NewBuildRecord, lease: Lease): Promise<void> {
    const { id, key, otherKeys = [], description, result, sizeBytes, links } = record;
    const write = (): void => {
      const objectId = this.#objects.put('build', id, lease);
      this.#db.statement('DELETE FROM edge WHERE from_id = ?').run(objectId);
      this.#db
        .statement(
          `INSERT OR REPLACE INTO build_record
             (object_id, key, description, result, size_bytes, created_at, last_used_at, use_count)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0)`,
        )
        .run(objectId, key, description, JSON.stringify(result), sizeBytes, Date.now());
      for (const each of [key, ...otherKeys]) this.#addKey(objectId, each);
      for (const link of links) this.#objects.linkRow(objectId, link);
    };
    await this.#db.transact(write, { skipFlush: true });
  }

  /** Adds a key under which a record is found. Does nothing when the record no longer exists. */
  async addKey(id: string, key: string): Promise<void> {
    const write = (): void => {
      const row = this.#row(id);
      if (row) this.#addKey(row.object_id, key);
    };
    await this.#db.transact(write, { skipFlush: true });
  }

  /**
   * Finds the first complete result under a key for which `isWanted` returns true. Pins it and all its objects to
   * `lease`, and counts the use.
   */
  async find(
    key: string,
    lease: Lease,
    isWanted: (record: BuildRecord) => boolean = () => true,
  ): Promise<BuildRecord | undefined> {
    const write = (): BuildRecord | undefined => {
      const row = this.#listUnder(key).find((each) => this.#checkComplete(each) && isWanted(toRecord(each)));
      if (!row) return undefined;
      this.#objects.pin('build', row.id, lease);
      // Pinned one by one: another build may replace the record, and with it the edges, meanwhile (`--no-cache`).
      for (const link of this.#linksOf(row)) this.#objects.pin(link.kind, link.key, lease);
      this.#db
        .statement('UPDATE build_record SET last_used_at = ?, use_count = use_count + 1 WHERE object_id = ?')
        .run(Date.now(), row.object_id);
      const used = this.#row(row.id);
      return used && toRecord(used);
    };
    return await this.#db.transact(write, { skipFlush: true });
  }

  /** Lists all records, least recently used first. */
  list(): BuildRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY b.last_used_at, b.object_id`).all().map(toRecord);
  }

  /**
   * Removes a record unless it is in use, and returns true when it did. Garbage collection then removes the objects
   * that only this record kept.
   */
  remove(id: string): boolean {
    return this.#db.write(() => {
      const row = this.#row(id);
      if (!row || row.in_use === 1) return false;
      this.#forget(row.object_id);
      return true;
    });
  }

  #row(id: string): Row | undefined {
    return this.#db.statement<Row>(`${select} WHERE o.kind = 'build' AND o.key = ?`).get(id);
  }

  #listUnder(key: string): Row[] {
    return this.#db
      .statement<Row>(`${select} JOIN build_key k ON k.record_id = b.object_id WHERE k.key = ? ORDER BY b.object_id`)
      .all(key);
  }

  #linksOf({ id }: Row): ObjectRef[] {
    return this.#objects.linksOf({ kind: 'build', key: id });
  }

  /** True when all objects of the result exist; removes the record otherwise. */
  #checkComplete(row: Row): boolean {
    if (this.#linksOf(row).every((link) => this.#objects.isPresent(link.kind, link.key))) return true;
    this.#forget(row.object_id);
    return false;
  }

  #addKey(objectId: number, key: string): void {
    this.#db.statement('INSERT OR IGNORE INTO build_key (key, record_id) VALUES (?, ?)').run(key, objectId);
  }

  #forget(objectId: number): void {
    this.#db.statement('DELETE FROM build_record WHERE object_id = ?').run(objectId);
    this.#objects.markAbsent(objectId);
  }
}

const toRecord = (row: Row): BuildRecord => ({
  id: row.id,
  key: row.key,
  description: row.description,
  result: JSON.parse(row.result) as JsonValue,
  sizeBytes: row.size_bytes,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  useCount: row.use_count,
  inUse: row.in_use === 1,
});
