import type { JsonValue } from '../errors/index.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import { containerNameInUse, objectNotFound } from './failures.ts';
import type { ObjectKind, Objects } from './objects.ts';
import { isUniqueViolation } from './sqlite-failure.ts';

export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly imageId: Digest | undefined;
  readonly snapshotId: string | undefined;
  /** What was asked for, settled when it is made; metadata looks into neither this nor the state. */
  readonly definition: JsonValue;
  readonly state: JsonValue;
  readonly createdAt: number;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly image: Digest | null;
  readonly snapshot: string | null;
  readonly definition: string;
  readonly state: string;
  readonly created_at: number;
}

const select = `SELECT c.id, c.name, i.key AS image, s.key AS snapshot, c.definition, c.state, c.created_at
  FROM container c LEFT JOIN object i ON i.id = c.image_id LEFT JOIN object s ON s.id = c.snapshot_id`;

/** A container to be recorded. */
export type NewContainer = Omit<ContainerRecord, 'createdAt' | 'definition'> &
  Partial<Pick<ContainerRecord, 'definition'>>;

/** Containers keep their image and their snapshot. */
export class Containers {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /**
   * The caller pins image and snapshot until this returned. Throws ERR_CONTAINER_NAME_IN_USE (conflict),
   * ERR_OBJECT_NOT_FOUND for an image or snapshot that is not there.
   */
  insert(container: NewContainer): void {
    this.#db.write(() => {
      const { id, name, imageId, snapshotId, definition = {}, state } = container;
      const values = [this.#present('image', imageId), this.#present('snapshot', snapshotId)];
      this.#naming(name, () =>
        this.#db
          .statement(
            'INSERT INTO container (id, name, image_id, snapshot_id, definition, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(id, name, ...values, JSON.stringify(definition), JSON.stringify(state), Date.now()),
      );
    });
  }

  get(id: string): ContainerRecord | undefined {
    return this.#one('c.id', id);
  }

  getByName(name: string): ContainerRecord | undefined {
    return this.#one('c.name', name);
  }

  /** IDs that begin with these hex digits; at most `limit`. */
  findByPrefix(prefix: string, limit: number): string[] {
    return this.#db
      .statement<{ id: string }>("SELECT id FROM container WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT ?2")
      .all(prefix, limit)
      .map(({ id }) => id);
  }

  /** Newest first. */
  list(): ContainerRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY c.created_at DESC, c.id`).all().map(toRecord);
  }

  /** Containers made from the image, newest first. */
  ofImage(imageId: Digest): ContainerRecord[] {
    return this.#db
      .statement<Row>(`${select} WHERE i.kind = 'image' AND i.key = ? ORDER BY c.created_at DESC, c.id`)
      .all(imageId)
      .map(toRecord);
  }

  /**
   * Puts what `change` makes of the state in its place, in one transaction, so that nobody else's change is lost;
   * undefined leaves it. Answers the record as it is then, undefined when the container is gone.
   */
  change(id: string, change: (record: ContainerRecord) => JsonValue | undefined): ContainerRecord | undefined {
    return this.#db.write(() => {
      const record = this.get(id);
      const state = record && change(record);
      if (record === undefined || state === undefined) return record;
      this.setState(id, state);
      return { ...record, state };
    });
  }

  /** Answers false when the container is gone. */
  setState(id: string, state: JsonValue): boolean {
    return this.#db.write(
      () => this.#db.statement('UPDATE container SET state = ? WHERE id = ?').run(JSON.stringify(state), id) > 0,
    );
  }

  /** Answers false when the container is gone. Throws ERR_CONTAINER_NAME_IN_USE. */
  rename(id: string, name: string): boolean {
    return this.#db.write(() =>
      this.#naming(name, () => this.#db.statement('UPDATE container SET name = ? WHERE id = ?').run(name, id) > 0),
    );
  }

  /** Idempotent: answers whether it was there. */
  remove(id: string): boolean {
    return this.#db.write(() => this.#db.statement('DELETE FROM container WHERE id = ?').run(id) > 0);
  }

  #one(column: 'c.id' | 'c.name', value: string): ContainerRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE ${column} = ?`).get(value);
    return row && toRecord(row);
  }

  #present(kind: ObjectKind, key: string | undefined): number | null {
    if (key === undefined) return null;
    const id = this.#objects.find(kind, key);
    if (id === undefined || !this.#objects.isPresent(kind, key)) throw objectNotFound({ kind, key });
    return id;
  }

  #naming<T>(name: string, body: () => T): T {
    try {
      return body();
    } catch (error) {
      const holder = isUniqueViolation(error) ? this.getByName(name) : undefined;
      throw holder ? containerNameInUse(name, holder.id) : error;
    }
  }
}

const toRecord = (row: Row): ContainerRecord => ({
  id: row.id,
  name: row.name,
  imageId: row.image ?? undefined,
  snapshotId: row.snapshot ?? undefined,
  definition: JSON.parse(row.definition) as JsonValue,
  state: JSON.parse(row.state) as JsonValue,
  createdAt: row.created_at,
});
