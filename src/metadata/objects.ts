import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Database } from './database.ts';
import { leaseEnded } from './failures.ts';
import { isReferenceViolation } from './sqlite-failure.ts';

/**
 * Kinds of objects in a store. Their keys are: the digest of a blob or a target, the diffID of a layer, the config
 * digest of an image, the ID of a snapshot or a build record.
 */
export type ObjectKind = 'blob' | 'layer' | 'snapshot' | 'image' | 'target' | 'build';

/** Identifies an object of a store. */
export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly key: string;
}

/** Pins an object, present or absent, for as long as a lease lives. */
export type Pin = (kind: ObjectKind, key: string) => void;

/**
 * The graph of all objects: which exist, which refer to which, and which are pinned. An object can be referred to or
 * pinned without being present.
 */
export class Objects {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Returns the row ID of an object; adds the row if it is missing. */
  id(kind: ObjectKind, key: string): number {
    return this.find(kind, key) ?? this.#insert(kind, key);
  }

  /** Returns the row ID of an object, if it has a row. */
  find(kind: ObjectKind, key: string): number | undefined {
    return this.#db.statement<{ id: number }>('SELECT id FROM object WHERE kind = ? AND key = ?').get(kind, key)?.id;
  }

  /** Marks an object as present and pins it, so that it is never present without a holder. Returns its row ID. */
  put(kind: ObjectKind, key: string, lease: Lease): number {
    return this.#db.write(() => {
      const id = this.id(kind, key);
      this.#db.statement('UPDATE object SET present = 1 WHERE id = ?').run(id);
      this.#pin(id, lease);
      return id;
    });
  }

  isPresent(kind: ObjectKind, key: string): boolean {
    return this.#isRowPresent(this.find(kind, key));
  }

  /** True when the object is present or pinned. A sweeper checks this under the object's lock before it moves files. */
  isWanted(kind: ObjectKind, key: string): boolean {
    return this.#db.read(() => {
      const id = this.find(kind, key);
      return this.#isRowPresent(id) || (id !== undefined && this.countPins(id) > 0);
    });
  }

  /** Pins an object, present or absent, for as long as the lease lives. */
  pin(kind: ObjectKind, key: string, lease: Lease): void {
    if (lease.isUnrecorded === true) return;
    this.#db.write(() => this.#pin(this.id(kind, key), lease));
  }

  /**
   * Runs `body` as one transaction, in which it pins objects that it finds. With an unrecorded lease, pins do nothing.
   */
  async withPins<T>(lease: Lease, body: (pin: Pin) => T, options: AbortOptions = {}): Promise<T> {
    if (lease.isUnrecorded === true) return this.#db.read(() => body(() => undefined));
    const pin: Pin = (kind, key) => this.pin(kind, key, lease);
    return await this.#db.transact(() => body(pin), { ...options, skipFlush: true });
  }

  /**
   * Checks that an object is present and pins it, in one transaction. True means that it stays as long as the lease
   * lives; false leaves no pin.
   */
  async pinIfPresent(kind: ObjectKind, key: string, lease: Lease, options: AbortOptions = {}): Promise<boolean> {
    return await this.withPins(
      lease,
      (pin) => {
        const isPresent = this.isPresent(kind, key);
        if (isPresent) pin(kind, key);
        return isPresent;
      },
      options,
    );
  }

  /** Returns how many leases pin the row, not counting `except`. */
  countPins(id: number, except?: Lease): number {
    const found = this.#db
      .statement<{ n: number }>('SELECT count(*) AS n FROM lease_ref WHERE object_id = ? AND lease_id IS NOT ?')
      .get(id, except?.id ?? null);
    return found?.n ?? 0;
  }

  /** Adds an edge: `to` lives as long as `from`. Idempotent. */
  link(from: ObjectRef, to: ObjectRef): void {
    this.#db.write(() => this.linkRow(this.id(from.kind, from.key), to));
  }

  /** Adds an edge from a row, see {@link link}. */
  linkRow(fromId: number, to: ObjectRef): void {
    this.#db
      .statement('INSERT OR IGNORE INTO edge (from_id, to_id) VALUES (?, ?)')
      .run(fromId, this.id(to.kind, to.key));
  }

  /** Removes an edge. Idempotent. */
  unlink(from: ObjectRef, to: ObjectRef): void {
    this.#db.write(() => {
      const fromId = this.find(from.kind, from.key);
      const toId = this.find(to.kind, to.key);
      if (fromId === undefined || toId === undefined) return;
      this.#db.statement('DELETE FROM edge WHERE from_id = ? AND to_id = ?').run(fromId, toId);
    });
  }

  /** Returns the objects that an object refers to. */
  linksOf(from: ObjectRef): ObjectRef[] {
    return this.#refs(
      'SELECT o.kind, o.key FROM edge e JOIN object o ON o.id = e.to_id WHERE e.from_id = ? ORDER BY o.kind, o.key',
      this.find(from.kind, from.key),
    );
  }

  /** Returns the objects that refer to an object. */
  referrersOf(to: ObjectRef): ObjectRef[] {
    return this.#refs(
      'SELECT o.kind, o.key FROM edge e JOIN object o ON o.id = e.from_id WHERE e.to_id = ? ORDER BY o.kind, o.key',
      this.find(to.kind, to.key),
    );
  }

  /**
   * Marks an object as absent and removes its edges to others. Its row stays, because other objects may still refer to
   * it. The caller removes its row in the table of its kind.
   */
  markAbsent(id: number): void {
    this.#db.write(() => {
      this.#db.statement('UPDATE object SET present = 0 WHERE id = ?').run(id);
      this.#db.statement('DELETE FROM edge WHERE from_id = ?').run(id);
    });
  }

  #insert(kind: ObjectKind, key: string): number {
    const inserted = this.#db
      .statement<{ id: number }>('INSERT INTO object (kind, key) VALUES (?, ?) RETURNING id')
      .get(kind, key);
    if (!inserted) throw new Error(`object ${kind} ${key} was not inserted`);
    return inserted.id;
  }

  #isRowPresent(id: number | undefined): boolean {
    if (id === undefined) return false;
    return this.#db.statement<{ present: number }>('SELECT present FROM object WHERE id = ?').get(id)?.present === 1;
  }

  #pin(id: number, lease: Lease): void {
    try {
      this.#db.statement('INSERT OR IGNORE INTO lease_ref (lease_id, object_id) VALUES (?, ?)').run(lease.id, id);
    } catch (error) {
      throw isReferenceViolation(error) ? leaseEnded(lease.id) : error;
    }
  }

  #refs(sql: string, id: number | undefined): ObjectRef[] {
    if (id === undefined) return [];
    return this.#db
      .statement<{ kind: ObjectKind; key: string }>(sql)
      .all(id)
      .map(({ kind, key }) => ({ kind, key }));
  }
}
