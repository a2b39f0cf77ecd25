import { statSync } from 'node:fs';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { invariant } from '../lib/invariant.ts';
import { orUndo } from '../lib/or-undo.ts';
import { thenAlways } from '../lib/then-always.ts';
import { Connection } from './connection.ts';
import { migrate, newestFormat, readFormat } from './format.ts';
import { migrations as allMigrations } from './migrations/all.ts';
import type { Migration } from './migrations/migration.ts';
import { closeKeepingLog, openReader, type ReaderOptions } from './open-reader.ts';
import { reserveOf, SpaceReserve } from './space-reserve.ts';
import { isBusy, isUnopenable, sqliteFailure, storeReadOnly } from './sqlite-failure.ts';
import { isReadOnly } from './store-trouble.ts';

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
  /** No other connection to this file is opened in this process: then looking writes not even to memory that is shared. */
  readonly isAlone?: boolean | undefined;
  /** Makes what a store needs besides the database, before that is made or written to. */
  readonly prepare?: (() => void) | undefined;
  /** Called once, when the database can be written to, before the first write. */
  readonly onWritable?: ((database: Database) => void) | undefined;
}

/**
 * The store's one SQLite file. Any number of processes have it open; everything they do is a short transaction that
 * never waits for anything. Nobody but SQLite may open the file: closing any descriptor of it would drop SQLite's locks.
 *
 * It is opened for looking, which changes nothing on the disk in any state of the store, and for writing at the first
 * write. A store that is not there yet looks empty until then.
 */
export class Database implements Disposable {
  readonly path: string;
  readonly reserve: SpaceReserve;
  readonly #options: DatabaseOptions;
  readonly #migrations: readonly Migration[];
  readonly #busyTimeoutMs: number;
  readonly #readerOptions: ReaderOptions;
  readonly #statements = new Map<string, Statement<never>>();
  #connection: Connection | undefined;
  /** What the connection can do: `nothing` is one to an empty store in memory, as long as there is no file. */
  #access: 'nothing' | 'looking' | 'writing' = 'nothing';
  #isEntered = false;
  #depth = 0;
  #isWriting = false;

  private constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.reserve = new SpaceReserve(reserveOf(path));
    this.#options = options;
    this.#migrations = options.migrations ?? allMigrations;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? 60_000;
    this.#readerOptions = { timeoutMs: this.#busyTimeoutMs, isAlone: options.isAlone ?? false };
  }

  /**
   * Opens the file for looking, if there is one. Throws ERR_STORE_FORMAT_NEWER or ERR_STORE_FOREIGN
   * (failed-precondition), ERR_STORE_CORRUPT, ERR_STORE_NOT_WRITABLE, ERR_STORE_IO, ERR_STORE_OPEN_FILES.
   */
  static openToLook(path: string, options: DatabaseOptions = {}): Database {
    const database = new Database(path, options);
    database.#guard(() => database.#look());
    return database;
  }

  /**
   * Opens or creates the file and brings it to the newest format, in one transaction. Throws
   * ERR_STORE_FORMAT_NEWER or ERR_STORE_FOREIGN (failed-precondition) without having touched it, ERR_STORE_CORRUPT,
   * ERR_STORE_NOT_WRITABLE, ERR_STORE_READ_ONLY, ERR_STORE_FULL, ERR_STORE_BUSY, ERR_STORE_IO, ERR_STORE_OPEN_FILES.
   */
  static open(path: string, options: DatabaseOptions = {}): Database {
    // What is not ours is found out before anything is touched.
    const database = Database.openToLook(path, options);
    orUndo(
      () => database.openForWriting(),
      () => database[Symbol.dispose](),
    );
    return database;
  }

  get isWritable(): boolean {
    return this.#isEntered;
  }

  /** As of now what {@link open} gives; idempotent. Every write begins with it. */
  openForWriting(): void {
    if (this.#access !== 'writing') this.#openWriter();
    if (this.#isEntered) return;
    this.#isEntered = true;
    orUndo(
      () => this.#options.onWritable?.(this),
      () => (this.#isEntered = false),
    );
  }

  /** The prepared statement of `sql`, made once; one that changes something belongs into a {@link write}. */
  statement<Row = never>(sql: string): Statement<Row> {
    let statement = this.#statements.get(sql) as Statement<Row> | undefined;
    if (statement === undefined) {
      statement = {
        get: (...values) => this.#ask(sql, (prepared) => prepared.get(...values) as Row | undefined),
        all: (...values) => this.#ask(sql, (prepared) => prepared.all(...values) as Row[]),
        run: (...values) => this.#ask(sql, (prepared) => Number(prepared.run(...values).changes)),
      };
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
    this.openForWriting();
    this.#isWriting = true;
    try {
      return this.#transaction('BEGIN IMMEDIATE', body);
    } finally {
      this.#isWriting = false;
    }
  }

  /**
   * {@link write} without the flush, for what a reboot ends anyway (leases, pins, times of use). A power cut may take it;
   * a killed process does not.
   */
  writeVolatile<T>(body: () => T): T {
    if (this.#depth > 0) return this.write(body);
    this.openForWriting();
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
    this.#close();
    this.#statements.clear();
  }

  #close(): void {
    const [connection, access] = [this.#connection, this.#access];
    this.#connection = undefined;
    this.#access = 'nothing';
    if (access === 'writing' && connection !== undefined) closeKeepingLog(connection, this.path);
    else connection?.[Symbol.dispose]();
  }

  #transaction<T>(begin: string, body: () => T): T {
    this.#begin(begin);
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
        if (this.#connection?.isTransaction === true) this.#guard(() => this.#connection?.exec('ROLLBACK'));
      },
    );
  }

  /** One that looks takes its state of the store now, when it can still be opened anew. */
  #begin(begin: string): void {
    this.#ask(begin, (prepared) => {
      prepared.run();
      if (this.#access === 'looking') {
        orUndo(
          () => this.#connection?.get('PRAGMA schema_version'),
          () => this.#connection?.exec('ROLLBACK'),
        );
      }
    });
  }

  #nested<T>(body: () => T): T {
    invariant(this.#isWriting, 'a write does not happen inside a read');
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
        if (this.#connection?.isTransaction !== true) return;
        if (!isDone) this.statement(`ROLLBACK TO ${name}`).run();
        this.statement(`RELEASE ${name}`).run();
      },
    );
  }

  #setSynchronous(mode: 'NORMAL' | 'FULL'): void {
    // Not as a prepared statement: SQLite acts on this pragma while it compiles it.
    this.#guard(() => this.#connection?.exec(`PRAGMA synchronous = ${mode}`));
  }

  #ask<T>(sql: string, use: (prepared: StatementSync) => T): T {
    return this.#guard(() => {
      if (this.#depth === 0 && this.#access === 'nothing') this.#look();
      const ask = (): T => {
        invariant(this.#connection !== undefined, 'the database is open');
        return use(this.#connection.statement(sql));
      };
      try {
        return ask();
      } catch (error) {
        // Another process has begun to write since: its log is read in another way.
        if (this.#depth > 0 || this.#access !== 'looking' || !isUnopenable(error)) throw error;
      }
      this.#look();
      return ask();
    });
  }

  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw sqliteFailure(error, this.path);
    }
  }

  /** Opens the file to be read as it is now. */
  #look(): void {
    const isThere = statSync(this.path, { throwIfNoEntry: false }) !== undefined;
    if (!isThere && this.#connection !== undefined) return;
    const reader = isThere ? openReader(this.path, this.#readerOptions) : undefined;
    const format = reader && this.#formatOf(reader);
    this.#close();
    if (reader !== undefined && format === newestFormat(this.#migrations)) {
      this.#connection = reader;
      this.#access = 'looking';
      return;
    }
    reader?.[Symbol.dispose]();
    if (format !== undefined && format > 0) return this.#openWriter();
    this.#connection = new Connection(':memory:', { timeoutMs: 0 });
    this.#access = 'nothing';
    migrate(this.#connection, 0, this.#migrations);
  }

  /** Of a connection that is of no use when this throws. */
  #formatOf(connection: Connection): number {
    return orUndo(
      () => readFormat(connection, this.path, this.#migrations),
      () => connection[Symbol.dispose](),
    );
  }

  #openWriter(): void {
    invariant(this.#depth === 0, 'a write does not happen inside a read');
    if (isReadOnly(this.path)) throw storeReadOnly(this.path);
    this.#options.prepare?.();
    // First: connections of one process share what is mapped, and would share that it can only be read.
    this.#close();
    // On a full disk even opening may fail, because the write-ahead log needs its files.
    this.#connection = this.reserve.useFor(() => this.#guard(() => this.#writer()));
    this.#access = 'writing';
  }

  #writer(): Connection {
    const connection = new Connection(this.path, { timeoutMs: this.#busyTimeoutMs });
    return orUndo(
      () => {
        readFormat(connection, this.path, this.#migrations);
        enterWriteAheadLog(connection, this.#busyTimeoutMs);
        connection.exec(
          `PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
           PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = ${pagesInLog}`,
        );
        this.#bringUp(connection);
        return connection;
      },
      () => connection[Symbol.dispose](),
    );
  }

  #bringUp(connection: Connection): void {
    if (readFormat(connection, this.path, this.#migrations) === newestFormat(this.#migrations)) return;
    connection.exec('BEGIN IMMEDIATE');
    orUndo(
      () => {
        // Another process may have been faster, with this version of the program or a newer one.
        migrate(connection, readFormat(connection, this.path, this.#migrations), this.#migrations);
        connection.exec('COMMIT');
      },
      () => connection.exec('ROLLBACK'),
    );
  }
}

// The log outlives the commands, and who comes first reads all of it.
const pagesInLog = 256;

function enterWriteAheadLog(connection: Connection, timeoutMs: number): void {
  // Changing the mode does not wait for other processes that are just doing the same, so we do.
  for (const deadline = Date.now() + timeoutMs; ; ) {
    try {
      connection.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
