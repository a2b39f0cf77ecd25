import type { JsonValue } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { Database } from './database.ts';
import type { ObjectRef, Objects } from './objects.ts';

export interface BuildRecord {
  /** Names the record. */
  readonly id: string;
  /** The step's. Storage drivers have a record each under the same key. */
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
  readonly id: string;
  readonly key: string;
  /** Other keys by which the record is found. */
  readonly otherKeys?: readonly string[];
  readonly description: string;
  readonly result: JsonValue;
  readonly sizeBytes: number;
  /** What the result consists of; without any of these the record is worthless. */
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
 * The build cache: keys of steps and what was made under them. A record keeps its results until the cache is pruned; a lost result
 * ends the record, never the other way round. Nothing here is flushed: a power cut costs cache, not images.
 */
export class BuildRecords {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /** Records a result, pinned to `lease`; replaces an earlier one of the same id. */
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

  /** Lets a record be found by one more key. A record that is gone stays so. */
  async addKey(id: string, key: string): Promise<void> {
    const write = (): void => {
      const row = this.#row(id);
      if (row) this.#addKey(row.object_id, key);
    };
    await this.#db.transact(write, { skipFlush: true });
  }

  /**
   * The first result under a key that is wanted and whole; it and all it consists of are pinned to `lease`, and it counts
   * as used now.
   */
  async find(
    key: string,
    lease: Lease,
    isWanted: (record: BuildRecord) => boolean = () => true,
  ): Promise<BuildRecord | undefined> {
    const write = (): BuildRecord | undefined => {
      const row = this.#under(key).find((each) => this.#isWhole(each) && isWanted(toRecord(each)));
      if (!row) return undefined;
      this.#objects.pin('build', row.id, lease);
      // By themselves: another build may put a new result in the record's place meanwhile (`--no-cache`).
      for (const link of this.#linksOf(row)) this.#objects.pin(link.kind, link.key, lease);
      this.#db
        .statement('UPDATE build_record SET last_used_at = ?, use_count = use_count + 1 WHERE object_id = ?')
        .run(Date.now(), row.object_id);
      const used = this.#row(row.id);
      return used && toRecord(used);
    };
    return await this.#db.transact(write, { skipFlush: true });
  }

  /** Least recently used first. */
  list(): BuildRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY b.last_used_at, b.object_id`).all().map(toRecord);
  }

  /** Forgets a record unless it is in use; garbage collection takes what only it kept. Returns whether it went. */
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

  #under(key: string): Row[] {
    return this.#db
      .statement<Row>(`${select} JOIN build_key k ON k.record_id = b.object_id WHERE k.key = ? ORDER BY b.object_id`)
      .all(key);
  }

  #linksOf({ id }: Row): ObjectRef[] {
    return this.#objects.linksOf({ kind: 'build', key: id });
  }

  /** Forgets a record that has lost something of its result. */
  #isWhole(row: Row): boolean {
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
