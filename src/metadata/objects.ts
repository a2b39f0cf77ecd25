import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Database } from './database.ts';
import { leaseEnded } from './failures.ts';
import { isReferenceViolation } from './sqlite-failure.ts';

/**
 * Kinds of things the store holds, and what names them: blob and target by digest, layer by diffID, image by config
 * digest, snapshot by its id, build by an id of its own.
 */
export type ObjectKind = 'blob' | 'layer' | 'snapshot' | 'image' | 'target' | 'build';

export interface ObjectRef {
  readonly kind: ObjectKind;
  readonly key: string;
}

/** Holds a thing, there or not, for as long as a lease lives. */
export type Pin = (kind: ObjectKind, key: string) => void;

/**
 * The graph of all things: who is there, who refers to whom, who is pinned. An object can be named (referred to, pinned)
 * without being present.
 */
export class Objects {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The row that stands for a thing, made if need be. */
  id(kind: ObjectKind, key: string): number {
    return this.find(kind, key) ?? this.#insert(kind, key);
  }

  /** The row that stands for a thing, if anything names it. */
  find(kind: ObjectKind, key: string): number | undefined {
    return this.#db.statement<{ id: number }>('SELECT id FROM object WHERE kind = ? AND key = ?').get(kind, key)?.id;
  }

  /** Marks a thing as being there and pins it, so that it is never there without a holder. Answers its row. */
  put(kind: ObjectKind, key: string, lease: Lease): number {
    return this.#db.write(() => {
      const id = this.id(kind, key);
      this.#db.statement('UPDATE object SET present = 1 WHERE id = ?').run(id);
      this.#pin(id, lease);
      return id;
    });
  }

  isPresent(kind: ObjectKind, key: string): boolean {
    return this.#present(this.find(kind, key));
  }

  /** Present or pinned: what a sweeper asks, under the object's lock, before it moves files away. */
  isWanted(kind: ObjectKind, key: string): boolean {
    return this.#db.read(() => {
      const id = this.find(kind, key);
      return this.#present(id) || (id !== undefined && this.pinners(id) > 0);
    });
  }

  /** Holds a thing, there or not, for as long as the lease lives. */
  pin(kind: ObjectKind, key: string, lease: Lease): void {
    if (lease.isUnrecorded === true) return;
    this.#db.write(() => this.#pin(this.id(kind, key), lease));
  }

  /** Runs `body`, which pins what it finds, as one transaction; one that only reads where a lease holds nothing. */
  async withPins<T>(lease: Lease, body: (pin: Pin) => T, options: AbortOptions = {}): Promise<T> {
    if (lease.isUnrecorded === true) return this.#db.read(() => body(() => undefined));
    const pin: Pin = (kind, key) => this.pin(kind, key, lease);
    return await this.#db.transact(() => body(pin), { ...options, skipFlush: true });
  }

  /**
   * *Pin, then look*, in one transaction: true means that the thing is there and stays as long as the lease lives;
   * false leaves no pin.
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

  /** How many leases pin the row, not counting `except`. */
  pinners(id: number, except?: Lease): number {
    const found = this.#db
      .statement<{ n: number }>('SELECT count(*) AS n FROM lease_ref WHERE object_id = ? AND lease_id IS NOT ?')
      .get(id, except?.id ?? null);
    return found?.n ?? 0;
  }

  /** Makes `to` live as long as `from`. Idempotent. */
  link(from: ObjectRef, to: ObjectRef): void {
    this.#db.write(() => this.linkRow(this.id(from.kind, from.key), to));
  }

  /** {@link link} from a row. */
  linkRow(fromId: number, to: ObjectRef): void {
    this.#db
      .statement('INSERT OR IGNORE INTO edge (from_id, to_id) VALUES (?, ?)')
      .run(fromId, this.id(to.kind, to.key));
  }

  /** Idempotent. */
  unlink(from: ObjectRef, to: ObjectRef): void {
    this.#db.write(() => {
      const fromId = this.find(from.kind, from.key);
      const toId = this.find(to.kind, to.key);
      if (fromId === undefined || toId === undefined) return;
      this.#db.statement('DELETE FROM edge WHERE from_id = ? AND to_id = ?').run(fromId, toId);
    });
  }

  /** What a thing refers to. */
  linksOf(from: ObjectRef): ObjectRef[] {
    return this.#refs(
      'SELECT o.kind, o.key FROM edge e JOIN object o ON o.id = e.to_id WHERE e.from_id = ? ORDER BY o.kind, o.key',
      this.find(from.kind, from.key),
    );
  }

  /** What refers to a thing. */
  referrersOf(to: ObjectRef): ObjectRef[] {
    return this.#refs(
      'SELECT o.kind, o.key FROM edge e JOIN object o ON o.id = e.from_id WHERE e.to_id = ? ORDER BY o.kind, o.key',
      this.find(to.kind, to.key),
    );
  }

  /**
   * The thing is gone, though something may still refer to it: what it referred to is released, its row stays named.
   * The caller removes the row of its kind.
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

  #present(id: number | undefined): boolean {
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
