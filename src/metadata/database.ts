import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { StrataError } from '../errors/index.ts';
import { invariant } from '../lib/invariant.ts';
import { thenAlways } from '../lib/then-always.ts';
import { migrations as allMigrations } from './migrations/all.ts';
import type { Migration } from './migrations/migration.ts';
import { SpaceReserve } from './space-reserve.ts';
import { isBusy, sqliteFailure } from './sqlite-failure.ts';

/** A prepared statement whose rows have the shape `Row`; STRICT tables see to the types of what is in them. */
export interface Statement<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** Answers how many rows changed. */
  run(...values: SQLInputValue[]): number;
}

export interface DatabaseOptions {
  /** The steps of the format, for tests of migration. */
  readonly migrations?: readonly Migration[];
  /** How long to wait for another process's transaction, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

// 'STRA': what `file` and we ourselves know the file by.
const applicationId = 0x53545241;

/**
 * The store's one SQLite file. Any number of processes have it open; everything they do is a short transaction that
 * never waits for anything. Nobody but SQLite may open the file: closing any descriptor of it would drop SQLite's locks.
 */
export class Database implements Disposable {
  readonly path: string;
  readonly reserve: SpaceReserve;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Statement<never>>();
  #depth = 0;
  #writing = false;

  private constructor(path: string, reserve: SpaceReserve, busyTimeoutMs: number) {
    this.path = path;
    this.reserve = reserve;
    this.#database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  }

  /**
   * Opens or creates the file and brings it to the newest format, in one transaction. Throws
   * ERR_STORE_FORMAT_NEWER or ERR_STORE_FOREIGN (failed-precondition) without having touched it, ERR_STORE_CORRUPT,
   * ERR_STORE_NOT_WRITABLE, ERR_STORE_FULL, ERR_STORE_BUSY.
   */
  static open(path: string, options: DatabaseOptions = {}): Database {
    const reserve = new SpaceReserve(`${path.replace(/\.db$/, '')}.reserve`);
    // On a full disk even opening fails, because the write-ahead log needs its files.
    return reserve.useFor(() => Database.#opened(path, reserve, options));
  }

  static #opened(path: string, reserve: SpaceReserve, options: DatabaseOptions): Database {
    const { migrations = allMigrations, busyTimeoutMs = 60_000 } = options;
    let database: Database | undefined;
    try {
      database = new Database(path, reserve, busyTimeoutMs);
      database.#checkFormat(migrations);
      database.#enterWriteAheadLog(busyTimeoutMs);
      database.#database.exec(
        'PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 16777216',
      );
      database.#migrate(migrations);
      return database;
    } catch (error) {
      database?.[Symbol.dispose]();
      throw sqliteFailure(error, path);
    }
  }

  /** The prepared statement of `sql`, made once. */
  statement<Row = never>(sql: string): Statement<Row> {
    let statement = this.#statements.get(sql) as Statement<Row> | undefined;
    if (!statement) {
      statement = this.#wrap<Row>(this.#guard(() => this.#database.prepare(sql)));
      this.#statements.set(sql, statement as Statement<never>);
    }
    return statement;
  }

  /** Runs `body` against one unchanging state of the store. */
  read<T>(body: () => T): T {
    if (this.#depth > 0) return body();
    return this.#transaction('BEGIN', body);
  }

  /**
   * Runs `body` as one transaction that survives a power cut when this returns. Inside another transaction it becomes a
   * part of that one, undone by itself if it throws; the outermost decides about durability.
   */
  write<T>(body: () => T): T {
    if (this.#depth > 0) return this.#nested(body);
    this.#writing = true;
    try {
      return this.#transaction('BEGIN IMMEDIATE', body);
    } finally {
      this.#writing = false;
    }
  }

  /**
   * {@link write} without the flush, for what a reboot ends anyway (leases, pins, times of use). A power cut may take it;
   * a killed process does not.
   */
  writeVolatile<T>(body: () => T): T {
    if (this.#depth > 0) return this.write(body);
    this.#setSynchronous('NORMAL');
    return thenAlways(
      () => this.write(body),
      () => this.#setSynchronous('FULL'),
    );
  }

  /** {@link write} for what makes room: on a full disk it may use the reserve. */
  writeToFree<T>(body: () => T): T {
    return this.#depth > 0 ? this.write(body) : this.reserve.useFor(() => this.write(body));
  }

  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    this.#database.close();
  }

  #transaction<T>(begin: string, body: () => T): T {
    this.statement(begin).run();
    this.#depth = 1;
    return thenAlways(
      () => {
        const result = body();
        invariant(!(result instanceof Promise), 'a transaction does not span an await');
        this.statement('COMMIT').run();
        return result;
      },
      () => {
        this.#depth = 0;
        // SQLite itself rolls back after some errors, a full disk among them.
        if (this.#database.isTransaction) this.statement('ROLLBACK').run();
      },
    );
  }

  #nested<T>(body: () => T): T {
    invariant(this.#writing, 'a write does not happen inside a read');
    const name = `nested_${this.#depth++}`;
    this.statement(`SAVEPOINT ${name}`).run();
    let isDone = false;
    return thenAlways(
      () => {
        const result = body();
        invariant(!(result instanceof Promise), 'a transaction does not span an await');
        isDone = true;
        return result;
      },
      () => {
        this.#depth--;
        if (!this.#database.isTransaction) return;
        if (!isDone) this.statement(`ROLLBACK TO ${name}`).run();
        this.statement(`RELEASE ${name}`).run();
      },
    );
  }

  #setSynchronous(mode: 'NORMAL' | 'FULL'): void {
    // Not as a prepared statement: SQLite acts on this pragma while it compiles it.
    this.#guard(() => this.#database.exec(`PRAGMA synchronous = ${mode}`));
  }

  #wrap<Row>(statement: StatementSync): Statement<Row> {
    return {
      get: (...values) => this.#guard(() => statement.get(...values) as Row | undefined),
      all: (...values) => this.#guard(() => statement.all(...values) as Row[]),
      run: (...values) => this.#guard(() => Number(statement.run(...values).changes)),
    };
  }

  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw sqliteFailure(error, this.path);
    }
  }

  #pragma(name: 'application_id' | 'user_version'): number {
    return this.statement<Record<string, number>>(`PRAGMA ${name}`).get()?.[name] ?? 0;
  }

  #checkFormat(migrations: readonly Migration[]): void {
    const version = this.#pragma('user_version');
    const newest = migrations.at(-1)?.version ?? 0;
    if (this.#pragma('application_id') !== applicationId) {
      const tables = this.statement<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0;
      if (version === 0 && tables === 0) return;
      throw new StrataError({
        kind: 'failed-precondition',
        code: 'ERR_STORE_FOREIGN',
        message: `database ${this.path}: not made by Strata`,
        hint: 'Name another store with --root.',
      });
    }
    if (version > newest) {
      throw new StrataError({
        kind: 'failed-precondition',
        code: 'ERR_STORE_FORMAT_NEWER',
        message: `database ${this.path}: has format ${version}, and this version of Strata knows formats up to ${newest}`,
        hint: 'Upgrade Strata, or name another store with --root.',
        details: { format: version, newest },
      });
    }
  }

  #enterWriteAheadLog(timeoutMs: number): void {
    // Changing the mode does not wait for other processes that are just doing the same, so we do.
    for (const deadline = Date.now() + timeoutMs; ; ) {
      try {
        this.#database.exec('PRAGMA journal_mode = WAL');
        return;
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }

  #migrate(migrations: readonly Migration[]): void {
    const newest = migrations.at(-1)?.version ?? 0;
    if (this.#pragma('user_version') === newest) return;
    this.write(() => {
      // Another process may have been faster, with this version of the program or a newer one.
      this.#checkFormat(migrations);
      const version = this.#pragma('user_version');
      for (const migration of migrations.filter((step) => step.version > version)) this.#database.exec(migration.sql);
      this.#database.exec(`PRAGMA user_version = ${newest}; PRAGMA application_id = ${applicationId}`);
    });
  }
}
