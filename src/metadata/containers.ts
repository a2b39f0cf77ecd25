import type { JsonValue } from '../errors/index.ts';
import type { Digest } from '../spec/digest.ts';
import type { Database } from './database.ts';
import { containerNameInUse, objectNotFound } from './failures.ts';
import type { ObjectKind, Objects } from './objects.ts';
import { isUniqueViolation } from './sqlite-failure.ts';

/** A recorded container. */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly imageId: Digest | undefined;
  readonly snapshotId: string | undefined;
  /** The request it was created from, which never changes. Opaque to metadata, as is the state. */
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

/** Records of containers, each of which keeps its image and its snapshot. */
export class Containers {
  readonly #db: Database;
  readonly #objects: Objects;

  constructor(db: Database, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  /**
   * Records a container. The caller pins image and snapshot until the transaction has ended.
   * @throws ERR_CONTAINER_NAME_IN_USE (conflict), ERR_OBJECT_NOT_FOUND for a missing image or snapshot
   */
  insert(container: NewContainer): void {
    this.#db.write(() => {
      const { id, name, imageId, snapshotId, definition = {}, state } = container;
      const values = [this.#requireId('image', imageId), this.#requireId('snapshot', snapshotId)];
      this.#withName(name, () =>
        this.#db
          .statement(
            'INSERT INTO container (id, name, image_id, snapshot_id, definition, state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(id, name, ...values, JSON.stringify(definition), JSON.stringify(state), Date.now()),
      );
    });
  }

  get(id: string): ContainerRecord | undefined {
    return this.#getBy('c.id', id);
  }

  getByName(name: string): ContainerRecord | undefined {
    return this.#getBy('c.name', name);
  }

  /** Returns the IDs that begin with these hex digits; at most `limit`. */
  findByPrefix(prefix: string, limit: number): string[] {
    return this.#db
      .statement<{ id: string }>("SELECT id FROM container WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT ?2")
      .all(prefix, limit)
      .map(({ id }) => id);
  }

  /** Lists all containers, newest first. */
  list(): ContainerRecord[] {
    return this.#db.statement<Row>(`${select} ORDER BY c.created_at DESC, c.id`).all().map(toRecord);
  }

  /** Lists the containers of an image, newest first. */
  ofImage(imageId: Digest): ContainerRecord[] {
    return this.#db
      .statement<Row>(`${select} WHERE i.kind = 'image' AND i.key = ? ORDER BY c.created_at DESC, c.id`)
      .all(imageId)
      .map(toRecord);
  }

  /**
   * Replaces the state with the result of `change`, in one transaction, so that no concurrent change is lost; a result
   * of undefined keeps the state. Returns the record after the change, undefined when the container no longer exists.
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

  /** Replaces the state. Returns false when the container no longer exists. */
  setState(id: string, state: JsonValue): boolean {
    return this.#db.write(
      () => this.#db.statement('UPDATE container SET state = ? WHERE id = ?').run(JSON.stringify(state), id) > 0,
    );
  }

  /** Renames a container. Returns false when it no longer exists. Throws ERR_CONTAINER_NAME_IN_USE. */
  rename(id: string, name: string): boolean {
    return this.#db.write(() =>
      this.#withName(name, () => this.#db.statement('UPDATE container SET name = ? WHERE id = ?').run(name, id) > 0),
    );
  }

  /** Removes the record. Idempotent: returns true when it existed. */
  remove(id: string): boolean {
    return this.#db.write(() => this.#db.statement('DELETE FROM container WHERE id = ?').run(id) > 0);
  }

  #getBy(column: 'c.id' | 'c.name', value: string): ContainerRecord | undefined {
    const row = this.#db.statement<Row>(`${select} WHERE ${column} = ?`).get(value);
    return row && toRecord(row);
  }

  /** Throws ERR_OBJECT_NOT_FOUND. */
  #requireId(kind: ObjectKind, key: string | undefined): number | null {
    if (key === undefined) return null;
    const id = this.#objects.find(kind, key);
    if (id === undefined || !this.#objects.isPresent(kind, key)) throw objectNotFound({ kind, key });
    return id;
  }

  /** Runs `body`, which writes `name`. Throws ERR_CONTAINER_NAME_IN_USE. */
  #withName<T>(name: string, body: () => T): T {
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
