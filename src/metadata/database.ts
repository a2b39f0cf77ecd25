import { statSync } from 'node:fs';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { invariant } from '../lib/invariant.ts';
import { Mutex } from '../lib/mutex.ts';
import { orUndo } from '../lib/or-undo.ts';
import { thenAlways } from '../lib/then-always.ts';
import { pause } from '../sys/pause.ts';
import { Connection } from './connection.ts';
import { checkFormat, migrate, newestFormat, readFormat } from './format.ts';
import type { Migration } from './migrations/migration.ts';
import { migrations as allMigrations } from './migrations/migrations.ts';
import { closeKeepingLog, type DatabaseReaderOptions, openReader } from './open-reader.ts';
import { openWriter } from './open-writer.ts';
import { pauseMs, retryWhileBusy, usualBusyTimeoutMs } from './retry-while-busy.ts';
import { reservePathOf, SpaceReserve } from './space-reserve.ts';
import { isBusy, isSchemaMismatch, isUnopenable, sqliteFailure, storeBusy, storeReadOnly } from './sqlite-failure.ts';
import { isReadOnly } from './store-fault.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/** A prepared statement whose rows have the shape `Row`; STRICT tables guarantee the types of the values. */
export interface Statement<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** Returns how many rows changed. */
  run(...values: SQLInputValue[]): number;
}

export interface TransactOptions extends AbortOptions {
  /**
   * Does not flush the transaction: it survives a kill, but not a power cut. For rows that a reboot makes useless
   * anyway, such as leases and pins.
   */
  readonly skipFlush?: boolean;
  /** Set for a transaction that leads to free space or records an end: on a full disk it may use the reserve. */
  readonly freesSpace?: boolean;
}

/** {@link Database.transact} of a database that is being opened for writing. */
export type Transact = (body: () => void, options?: TransactOptions) => Promise<void>;

export interface DatabaseOptions {
  /** Migrations that replace the real ones, for tests. */
  readonly migrations?: readonly Migration[];
  /** Longest wait for another process's transaction, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /**
   * True in a command, which opens no other connection to the file. Reading then does not even write to shared memory;
   * the main thread writes the log back, and flushes it the first few times.
   */
  readonly isAlone?: boolean | undefined;
  /** Creates the other parts of the store; called before the database is created or written to. */
  readonly prepare?: (() => void) | undefined;
  /** Called once when the database can be written to, before the first write. */
  readonly onWritable?: ((transact: Transact) => Promise<void>) | undefined;
  /** Called after each transaction that changed something, before it is flushed. */
  readonly onCommitted?: (() => void) | undefined;
  /** Called when flushing a transaction failed, which other processes see already. */
  readonly onFlushFailed?: ((error: unknown) => void) | undefined;
}

/**
 * The store's one SQLite file. Any number of processes have it open; all their writes are short transactions that wait
 * for nothing inside. Only SQLite may open the file: closing any descriptor of it drops SQLite's locks.
 *
 * The file is first opened for reading, which changes no data (`open-reader.ts`), and opened for writing at the first
 * write. Until then a store that does not exist yet reads as empty.
 *
 * Reading is synchronous: only another process that opens the database or recovers the log delays a reader, by
 * milliseconds. Writing is asynchronous ({@link transact}).
 */
export class Database implements Disposable {
  readonly path: string;
  readonly reserve: SpaceReserve;
  readonly #options: DatabaseOptions;
  readonly #migrations: readonly Migration[];
  readonly #busyTimeoutMs: number;
  readonly #readTimeoutMs: number;
  readonly #readerOptions: DatabaseReaderOptions;
  readonly #statements = new Map<string, Statement<never>>();
  readonly #mutex = new Mutex();
  #connection: Connection | undefined;
  /** Set while the connection can write. */
  #log: WriteAheadLog | undefined;
  /** Access of the connection; `none` for the empty store in memory that is read while no file exists. */
  #access: 'none' | 'read' | 'write' = 'none';
  #isWritable = false;
  #openingForWriting: Promise<void> | undefined;
  #depth = 0;
  #isWriting = false;

  private constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.reserve = new SpaceReserve(reservePathOf(path));
    this.#options = options;
    this.#migrations = options.migrations ?? allMigrations;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? usualBusyTimeoutMs;
    this.#readTimeoutMs = Math.min(this.#busyTimeoutMs, longestReadWaitMs);
    this.#readerOptions = { timeoutMs: this.#readTimeoutMs, isAlone: options.isAlone ?? false };
  }

  /**
   * Opens the file for reading, if it exists. A store of an older format is migrated; as this does not wait, call it
   * with {@link retryWhileBusy}.
   * @throws ERR_STORE_FORMAT_NEWER, ERR_STORE_FOREIGN (failed-precondition), ERR_STORE_CORRUPT, ERR_STORE_NOT_WRITABLE,
   * ERR_STORE_IO, ERR_STORE_OPEN_FILES; during a migration also ERR_STORE_READ_ONLY, ERR_STORE_FULL, ERR_STORE_BUSY
   */
  static openForReading(path: string, options: DatabaseOptions = {}): Database {
    const database = new Database(path, options);
    database.#guard(() => database.#openReader(0));
    return database;
  }

  /**
   * Opens the file for writing; creates it, or migrates it to the newest format, in one transaction.
   * @throws ERR_STORE_FORMAT_NEWER, ERR_STORE_FOREIGN (failed-precondition; the file is unchanged), ERR_STORE_CORRUPT,
   * ERR_STORE_NOT_WRITABLE, ERR_STORE_READ_ONLY, ERR_STORE_FULL, ERR_STORE_BUSY, ERR_STORE_IO, ERR_STORE_OPEN_FILES
   */
  static async open(path: string, options: DatabaseOptions = {}): Promise<Database> {
    // Reading comes first: a file that is not ours is refused before anything is changed.
    const database = await retryWhileBusy(() => Database.openForReading(path, options), options);
    try {
      await database.openForWriting();
      return database;
    } catch (error) {
      database[Symbol.dispose]();
      throw error;
    }
  }

  get isWritable(): boolean {
    return this.#isWritable;
  }

  /**
   * Makes the database writable; every transaction calls it first. Idempotent. The signal ends the wait only. Throws as
   * {@link open}.
   */
  async openForWriting({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#isWritable) return;
    this.#openingForWriting ??= this.#becomeWritable().finally(() => {
      this.#openingForWriting = undefined;
    });
    await unlessAborted(this.#openingForWriting, { signal });
  }

  /** Returns the prepared statement of `sql`, which is kept. A statement that writes is run inside {@link write}. */
  statement<Row = never>(sql: string): Statement<Row> {
    let statement = this.#statements.get(sql) as Statement<Row> | undefined;
    if (statement === undefined) {
      statement = {
        get: (...values) => this.#execute(sql, (prepared) => prepared.get(...values) as Row | undefined),
        all: (...values) => this.#execute(sql, (prepared) => prepared.all(...values) as Row[]),
        run: (...values) => this.#execute(sql, (prepared) => Number(prepared.run(...values).changes)),
      };
      this.#statements.set(sql, statement as Statement<never>);
    }
    return statement;
  }

  /** Runs `body` against one unchanging state of the store. */
  read<T>(body: () => T): T {
    if (this.#depth > 0) return body();
    this.#begin();
    return this.#runToEnd(body);
  }

  /**
   * Runs `body`, which is synchronous, as one transaction. Once this resolves, the changes survive a power cut. The
   * wait for another process's transaction never blocks the main thread, nor does the flush, but for a command's first
   * ones; without a wait `body` runs at once. The signal ends the wait only.
   * @throws ERR_STORE_BUSY, ERR_STORE_FORMAT_NEWER, and what `body` throws, which undoes the transaction
   */
  async transact<T>(body: () => T, options: TransactOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (!this.#isWritable) await this.openForWriting(options);
    return await this.#transact(body, options);
  }

  /** Runs `body` as a part of the open transaction; if `body` throws, only its own changes are undone. */
  write<T>(body: () => T): T {
    invariant(this.#isWriting, 'a write is a part of a transaction');
    const name = `nested_${this.#depth++}`;
    this.statement(`SAVEPOINT ${name}`).run();
    let isDone = false;
    return thenAlways(
      () => {
        const result = requireSynchronous(body());
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

  [Symbol.dispose](): void {
    this.#close();
    this.#statements.clear();
  }

  #close(): void {
    const [connection, access] = [this.#connection, this.#access];
    this.#connection = undefined;
    this.#access = 'none';
    this.#log?.[Symbol.dispose]();
    this.#log = undefined;
    if (access === 'write' && connection !== undefined) closeKeepingLog(connection, this.path);
    else connection?.[Symbol.dispose]();
  }

  async #becomeWritable(): Promise<void> {
    const open = (): void => {
      if (this.#access !== 'write') this.#openWriter(0);
    };
    await retryWhileBusy(open, { busyTimeoutMs: this.#busyTimeoutMs });
    await this.#options.onWritable?.((body, options = {}) => this.#transact(body, options));
    this.#isWritable = true;
  }

  /** Opens the file for writing; blocks the thread for at most `waitMs` while another process does the same. */
  #openWriter(waitMs: number): void {
    invariant(this.#depth === 0, 'a write does not happen inside a read');
    if (isReadOnly(this.path)) throw storeReadOnly(this.path);
    this.#options.prepare?.();
    // Close the reader first: connections of one process share the mapped log index, and the reader's is read-only.
    this.#close();
    // On a full disk even opening may fail, because SQLite creates the files of the write-ahead log.
    const { isAlone = false, onFlushFailed } = this.#options;
    const options = { migrations: this.#migrations, waitMs, timeoutMs: this.#readTimeoutMs, isAlone };
    const connection = this.reserve.runWithReserve(() => this.#guard(() => openWriter(this.path, options)));
    this.#connection = connection;
    this.#log = new WriteAheadLog(connection, this.path, { timeoutMs: this.#readTimeoutMs, isAlone, onFlushFailed });
    this.#access = 'write';
  }

  async #transact<T>(body: () => T, { signal, skipFlush = false, freesSpace = false }: TransactOptions): Promise<T> {
    invariant(this.#depth === 0, 'a transaction does not begin inside another');
    const attempt = (): Done<T> | undefined =>
      freesSpace
        ? this.reserve.runWithReserve(
            () => this.#attempt(body),
            () => this.#requireLog().releaseSpace(),
          )
        : this.#attempt(body);
    // Set before queueing, so that the wait behind other transactions of this process counts.
    const deadline = Date.now() + this.#busyTimeoutMs;
    const retry = async (): Promise<Done<T>> => await this.#retry(attempt, deadline, { signal });
    const done = (this.#mutex.isFree ? attempt() : undefined) ?? (await this.#mutex.run(retry, { signal }));
    if (done.hasChanged) {
      this.#options.onCommitted?.();
      this.#log?.count();
      // A log that fills the disk leaves no space for the database to grow, and could not be written back later.
      if (freesSpace && this.reserve.isSpent && this.#requireLog().isLong()) this.#requireLog().releaseSpace();
      if (!skipFlush) await this.#requireLog().flush();
    }
    return done.result;
  }

  async #retry<T>(attempt: () => Done<T> | undefined, deadline: number, { signal }: AbortOptions): Promise<Done<T>> {
    for (;;) {
      const done = attempt();
      if (done !== undefined) return done;
      if (Date.now() > deadline) throw storeBusy(this.path);
      await pause(pauseMs(), { signal });
    }
  }

  /** Returns undefined while another process has a transaction open, or reads a log that has to be reset first. */
  #attempt<T>(body: () => T): Done<T> | undefined {
    if (!this.#guard(() => this.#requireLog().ensureIntact()) || !this.#tryBegin()) return undefined;
    this.#isWriting = true;
    try {
      const before = this.#countChanges();
      const result = this.#runToEnd(body);
      return { result, hasChanged: this.#countChanges() !== before };
    } finally {
      this.#isWriting = false;
    }
  }

  #tryBegin(): boolean {
    return this.#guard(() => {
      const connection = this.#requireConnection();
      connection.exec('PRAGMA busy_timeout = 0');
      try {
        connection.statement('BEGIN IMMEDIATE').run();
      } catch (error) {
        if (isBusy(error)) return false;
        throw error;
      } finally {
        connection.exec(`PRAGMA busy_timeout = ${this.#readTimeoutMs}`);
      }
      orUndo(
        () => {
          checkFormat(connection, this.path, this.#migrations);
          this.#requireLog().open();
        },
        () => connection.exec('ROLLBACK'),
      );
      return true;
    });
  }

  /** Returns how many rows this connection has changed since it was opened. */
  #countChanges(): unknown {
    return this.#guard(() => this.#requireConnection().get('SELECT total_changes() AS n')?.['n']);
  }

  /** Runs `body` in the transaction that has just begun, then commits it, or rolls it back if `body` throws. */
  #runToEnd<T>(body: () => T): T {
    this.#depth = 1;
    return thenAlways(
      () => {
        const result = requireSynchronous(body());
        this.#guard(() => this.#requireConnection().statement('COMMIT').run());
        return result;
      },
      () => {
        this.#depth = 0;
        // SQLite itself rolls back after some errors, a full disk among them.
        if (this.#connection?.isTransaction === true) this.#guard(() => this.#connection?.exec('ROLLBACK'));
      },
    );
  }

  /** Begins a read transaction. A reader takes its snapshot at once, while `#execute` can still reopen the file. */
  #begin(): void {
    this.#execute('BEGIN', (prepared) => {
      prepared.run();
      if (this.#access === 'read') {
        orUndo(
          () => this.#connection?.get('PRAGMA schema_version'),
          () => this.#connection?.exec('ROLLBACK'),
        );
      }
    });
  }

  #execute<T>(sql: string, use: (prepared: StatementSync) => T): T {
    return this.#guard(() => {
      if (this.#depth === 0 && this.#access === 'none') this.#openReader(this.#busyTimeoutMs);
      const execute = (): T => use(this.#requireConnection().statement(sql));
      try {
        return execute();
      } catch (error) {
        // The tables may differ because a newer program has migrated the store: report that instead.
        if (isSchemaMismatch(error)) checkFormat(this.#requireConnection(), this.path, this.#migrations);
        // Another process may have begun to write, and then the log has to be opened in another way.
        if (this.#depth > 0 || this.#access !== 'read' || !isUnopenable(error)) throw error;
      }
      this.#openReader(this.#busyTimeoutMs);
      return execute();
    });
  }

  #requireConnection(): Connection {
    invariant(this.#connection !== undefined, 'the database is open');
    return this.#connection;
  }

  #requireLog(): WriteAheadLog {
    invariant(this.#log !== undefined, 'the database is open for writing until its transactions have ended');
    return this.#log;
  }

  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw sqliteFailure(error, this.path);
    }
  }

  /**
   * Opens the file for reading in its present state. Migrates an older one, and waits `waitMs` for other writers then.
   */
  #openReader(waitMs: number): void {
    const exists = statSync(this.path, { throwIfNoEntry: false }) !== undefined;
    if (!exists && this.#connection !== undefined) return;
    const reader = exists ? openReader(this.path, this.#readerOptions) : undefined;
    const format = reader && this.#readFormat(reader);
    this.#close();
    if (reader !== undefined && format === newestFormat(this.#migrations)) {
      this.#connection = reader;
      this.#access = 'read';
      return;
    }
    reader?.[Symbol.dispose]();
    // Queries are synchronous, so this may block the thread: when an older program has created the store since we
    // opened it.
    if (format !== undefined && format > 0) return this.#openWriter(waitMs);
    this.#connection = new Connection(':memory:', { timeoutMs: 0 });
    this.#access = 'none';
    migrate(this.#connection, { from: 0, path: this.path, migrations: this.#migrations });
  }

  /** Reads the format of the store; closes the connection when it cannot be used. */
  #readFormat(connection: Connection): number {
    return orUndo(
      () => readFormat(connection, this.path, this.#migrations),
      () => connection[Symbol.dispose](),
    );
  }
}

interface Done<T> {
  readonly result: T;
  readonly hasChanged: boolean;
}

// Only another process that opens the database or recovers the log can delay a reader.
const longestReadWaitMs = 5_000;

function requireSynchronous<T>(result: T): T {
  invariant(!(result instanceof Promise), 'a transaction does not span an await');
  return result;
}
