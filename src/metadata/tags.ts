import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import { objectNotFound } from './failures.ts';
import type { Objects } from './objects.ts';

/** A recorded tag. */
export interface TagRecord {
  /** Reference in its normalised form, with registry and tag. */
  readonly reference: string;
  readonly target: Digest;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A change of a tag at the time `at`: its new target, undefined when the tag was removed. */
export interface TagChange {
  readonly target: Digest | undefined;
  readonly at: number;
}

interface Row {
  readonly reference: string;
  readonly target: Digest;
  readonly created_at: number;
  readonly updated_at: number;
}

const select = `SELECT t.reference, o.key AS target, t.created_at, t.updated_at
  FROM tag t JOIN object o ON o.id = t.target_id`;

// A tag that is moved every minute must not fill the store with its history.
const maxChanges = 100;

/** Tags and their history. A tag keeps its target from garbage collection; its history does not. */
export class Tags {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /**
   * Points a tag at a target, which the caller pins. Returns the previous target, if any. Throws ERR_OBJECT_NOT_FOUND
   * for a target that is not present.
   */
  set(reference: string, target: Digest): Digest | undefined {
    return this.#db.write(() => {
      const targetId = this.#objects.find('target', target);
      if (targetId === undefined || !this.#objects.isPresent('target', target)) {
        throw objectNotFound({ kind: 'target', key: target });
      }
      const before = this.get(reference)?.target;
      const now = Date.now();
      this.#db
        .statement(
          `INSERT INTO tag (reference, target_id, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
           ON CONFLICT (reference) DO UPDATE SET target_id = excluded.target_id, updated_at = excluded.updated_at`,
        )
        .run(reference, targetId, now);
      if (before !== target) this.#record(reference, target, now);
      return before;
    });
  }

  /** Removes a tag. Returns its target, undefined when there was no such tag. */
  remove(reference: string): Digest | undefined {
    return this.#db.write(() => {
      const before = this.get(reference)?.target;
      if (before === undefined) return undefined;
      this.#db.statement('DELETE FROM tag WHERE reference = ?').run(reference);
      this.#record(reference, undefined, Date.now());
      return before;
    });
  }

  get(reference: string): TagRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE t.reference = ?`).get(reference);
    return row && toRecord(row);
  }

  /** Lists all tags in the order of their references. */
  list(): TagRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY t.reference`).all().map(toRecord);
  }

  /** Lists the tags of a target in the order of their references. */
  ofTarget(target: Digest): TagRecord[] {
    return this.#db
      .statement<Row>(`${select} WHERE o.kind = 'target' AND o.key = ? ORDER BY t.reference`)
      .all(target)
      .map(toRecord);
  }

  /** Returns the last 100 changes of a tag, newest first. */
  history(reference: string): TagChange[] {
    return this.#db
      .statement<{ target: Digest | null; at: number }>(
        'SELECT target, at FROM tag_history WHERE reference = ? ORDER BY id DESC',
      )
      .all(reference)
      .map(({ target, at }) => ({ target: target ?? undefined, at }));
  }

  #record(reference: string, target: Digest | undefined, at: number): void {
    this.#db
      .statement('INSERT INTO tag_history (reference, target, at) VALUES (?, ?, ?)')
      .run(reference, target ?? null, at);
    this.#db
      .statement(
        `DELETE FROM tag_history WHERE reference = ?1 AND id <= (
           SELECT id FROM tag_history WHERE reference = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${maxChanges})`,
      )
      .run(reference);
  }
}

const toRecord = (row: Row): TagRecord => ({
  reference: row.reference,
  target: row.target,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
