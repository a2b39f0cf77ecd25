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
import { closeKeepingLog, openReader, type ReaderOptions } from './open-reader.ts';
import { openWriter } from './open-writer.ts';
import { pauseMs, retryWhileBusy, usualBusyTimeoutMs } from './retry-while-busy.ts';
import { reserveOf, SpaceReserve } from './space-reserve.ts';
import { isBusy, isMisfit, isUnopenable, sqliteFailure, storeBusy, storeReadOnly } from './sqlite-failure.ts';
import { isReadOnly } from './store-trouble.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/** A prepared statement whose rows have the shape `Row`; STRICT tables see to the types of what is in them. */
export interface Statement<Row> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  /** Returns how many rows changed. */
  run(...values: SQLInputValue[]): number;
}

export interface TransactOptions extends AbortOptions {
  /**
   * Not flushed, for what a reboot ends anyway (leases, pins, times of use): a power cut may take it, a killed process does
   * not.
   */
  readonly skipFlush?: boolean;
  /** Makes room, or lets others make some: on a full disk it may use the reserve. */
  readonly freesSpace?: boolean;
}

/** {@link Database.transact} of a database that is just being opened for writing. */
export type Transact = (body: () => void, options?: TransactOptions) => Promise<void>;

export interface DatabaseOptions {
  /** The steps of the format, for tests of migration. */
  readonly migrations?: readonly Migration[];
  /** How long to wait for another process's transaction, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /**
   * This process is a command: it opens no other connection to the file, so that looking writes not even to memory that is
   * shared, and its main thread writes the log back, and flushes it the first few times.
   */
  readonly isAlone?: boolean | undefined;
  /** Makes what a store needs besides the database, before that is made or written to. */
  readonly prepare?: (() => void) | undefined;
  /** Called once, when the database can be written to, before the first write. */
  readonly onWritable?: ((transact: Transact) => Promise<void>) | undefined;
  /** Called behind each transaction that changed something, before it is flushed. */
  readonly onCommitted?: (() => void) | undefined;
  /** Called when the disk did not take a transaction that others see already. */
  readonly onFlushFailed?: ((error: unknown) => void) | undefined;
}

/**
 * The store's one SQLite file. Any number of processes have it open; everything they do is a short transaction that
 * never waits for anything. Nobody but SQLite may open the file: closing any descriptor of it would drop SQLite's locks.
 *
 * It is opened for looking, which changes nothing on the disk in any state of the store, and for writing at the first
 * write. A store that is not there yet looks empty until then.
 *
 * Reading is synchronous: nothing another process does holds up a reader but its opening or recovering the log, which
 * takes milliseconds. Writing is not ({@link transact}).
 */
export class Database implements Disposable {
  readonly path: string;
  readonly reserve: SpaceReserve;
  readonly #options: DatabaseOptions;
  readonly #migrations: readonly Migration[];
  readonly #busyTimeoutMs: number;
  readonly #readTimeoutMs: number;
  readonly #readerOptions: ReaderOptions;
  readonly #statements = new Map<string, Statement<never>>();
  readonly #mutex = new Mutex();
  #connection: Connection | undefined;
  /** Of a connection that writes. */
  #log: WriteAheadLog | undefined;
  /** What the connection can do: `nothing` is one to an empty store in memory, as long as there is no file. */
  #access: 'nothing' | 'looking' | 'writing' = 'nothing';
  #isEntered = false;
  #entering: Promise<void> | undefined;
  #depth = 0;
  #isWriting = false;

  private constructor(path: string, options: DatabaseOptions) {
    this.path = path;
    this.reserve = new SpaceReserve(reserveOf(path));
    this.#options = options;
    this.#migrations = options.migrations ?? allMigrations;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? usualBusyTimeoutMs;
    this.#readTimeoutMs = Math.min(this.#busyTimeoutMs, longestReadWaitMs);
    this.#readerOptions = { timeoutMs: this.#readTimeoutMs, isAlone: options.isAlone ?? false };
  }

  /**
   * Opens the file for looking, if there is one. Throws ERR_STORE_FORMAT_NEWER or ERR_STORE_FOREIGN
   * (failed-precondition), ERR_STORE_CORRUPT, ERR_STORE_NOT_WRITABLE, ERR_STORE_IO, ERR_STORE_OPEN_FILES; for a store of
   * an older format, which is brought up, also ERR_STORE_READ_ONLY, ERR_STORE_FULL, and without waiting ERR_STORE_BUSY: see
   * {@link retryWhileBusy}.
   */
  static openForReading(path: string, options: DatabaseOptions = {}): Database {
    const database = new Database(path, options);
    database.#guard(() => database.#look(0));
    return database;
  }

  /**
   * Opens or creates the file and brings it to the newest format, in one transaction. Throws
   * ERR_STORE_FORMAT_NEWER or ERR_STORE_FOREIGN (failed-precondition) without having touched it, ERR_STORE_CORRUPT,
   * ERR_STORE_NOT_WRITABLE, ERR_STORE_READ_ONLY, ERR_STORE_FULL, ERR_STORE_BUSY, ERR_STORE_IO, ERR_STORE_OPEN_FILES.
   */
  static async open(path: string, options: DatabaseOptions = {}): Promise<Database> {
    // What is not ours is found out before anything is touched.
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
    return this.#isEntered;
  }

  /** As of now what {@link open} gives; idempotent. Every transaction begins with it. The signal ends the wait only. */
  async openForWriting({ signal }: AbortOptions = {}): Promise<void> {
    if (this.#isEntered) return;
    this.#entering ??= this.#enter().finally(() => {
      this.#entering = undefined;
    });
    await unlessAborted(this.#entering, { signal });
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
    this.#begin();
    return this.#toEnd(body);
  }

  /**
   * Runs `body` as one transaction, which survives a power cut when this resolves. Neither the wait for another process's
   * transaction nor, in a program with clients, the flush holds up the main thread; `body` runs at once where nobody is in
   * the way. The signal ends the wait only. Throws ERR_STORE_BUSY, ERR_STORE_FORMAT_NEWER, and what `body` throws, which undoes all of it.
   */
  async transact<T>(body: () => T, options: TransactOptions = {}): Promise<T> {
    options.signal?.throwIfAborted();
    if (!this.#isEntered) await this.openForWriting(options);
    return await this.#transact(body, options);
  }

  /** Runs `body` as a part of the transaction that is open, undone by itself if it throws. */
  write<T>(body: () => T): T {
    invariant(this.#isWriting, 'a write is a part of a transaction');
    const name = `nested_${this.#depth++}`;
    this.statement(`SAVEPOINT ${name}`).run();
    let isDone = false;
    return thenAlways(
      () => {
        const result = withoutAwait(body());
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
    this.#access = 'nothing';
    this.#log?.[Symbol.dispose]();
    this.#log = undefined;
    if (access === 'writing' && connection !== undefined) closeKeepingLog(connection, this.path);
    else connection?.[Symbol.dispose]();
  }

  async #enter(): Promise<void> {
    const open = (): void => {
      if (this.#access !== 'writing') this.#openWriter(0);
    };
    await retryWhileBusy(open, { busyTimeoutMs: this.#busyTimeoutMs });
    await this.#options.onWritable?.((body, options = {}) => this.#transact(body, options));
    this.#isEntered = true;
  }

  /** Opens the file for writing; waits so long, and nothing else goes on meanwhile, for another process that is doing the same. */
  #openWriter(waitMs: number): void {
    invariant(this.#depth === 0, 'a write does not happen inside a read');
    if (isReadOnly(this.path)) throw storeReadOnly(this.path);
    this.#options.prepare?.();
    // First: connections of one process share what is mapped, and would share that it can only be read.
    this.#close();
    // On a full disk even opening may fail, because the write-ahead log needs its files.
    const { isAlone = false, onFlushFailed } = this.#options;
    const options = { migrations: this.#migrations, waitMs, timeoutMs: this.#readTimeoutMs, isAlone };
    const connection = this.reserve.useFor(() => this.#guard(() => openWriter(this.path, options)));
    this.#connection = connection;
    this.#log = new WriteAheadLog(connection, this.path, { timeoutMs: this.#readTimeoutMs, isAlone, onFlushFailed });
    this.#access = 'writing';
  }

  async #transact<T>(body: () => T, { signal, skipFlush = false, freesSpace = false }: TransactOptions): Promise<T> {
    invariant(this.#depth === 0, 'a transaction does not begin inside another');
    const attempt = (): Done<T> | undefined =>
      freesSpace
        ? this.reserve.useFor(
            () => this.#attempt(body),
            () => this.#openedLog().giveRoom(),
          )
        : this.#attempt(body);
    // From here: those that wait behind others are not to wait for longer than these.
    const deadline = Date.now() + this.#busyTimeoutMs;
    const retry = async (): Promise<Done<T>> => await this.#retry(attempt, deadline, { signal });
    const done = (this.#mutex.isFree ? attempt() : undefined) ?? (await this.#mutex.run(retry, { signal }));
    if (done.hasChanged) {
      this.#options.onCommitted?.();
      this.#log?.count();
      // A log that takes all the room there is leaves none for the database to grow, and could not be written back.
      if (freesSpace && this.reserve.isSpent && this.#openedLog().isLong()) this.#openedLog().giveRoom();
      if (!skipFlush) await this.#openedLog().flush();
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

  /** Undefined while another process has a transaction open, or reads a log that is to be begun anew. */
  #attempt<T>(body: () => T): Done<T> | undefined {
    if (!this.#guard(() => this.#openedLog().isSound()) || !this.#tryBegin()) return undefined;
    this.#isWriting = true;
    try {
      const before = this.#changes();
      const result = this.#toEnd(body);
      return { result, hasChanged: this.#changes() !== before };
    } finally {
      this.#isWriting = false;
    }
  }

  #tryBegin(): boolean {
    return this.#guard(() => {
      const connection = this.#opened();
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
          this.#openedLog().open();
        },
        () => connection.exec('ROLLBACK'),
      );
      return true;
    });
  }

  /** How many rows this connection ever changed. */
  #changes(): unknown {
    return this.#guard(() => this.#opened().get('SELECT total_changes() AS n')?.['n']);
  }

  /** Runs `body` in the transaction that has just begun, and ends that. */
  #toEnd<T>(body: () => T): T {
    this.#depth = 1;
    return thenAlways(
      () => {
        const result = withoutAwait(body());
        this.#guard(() => this.#opened().statement('COMMIT').run());
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
  #begin(): void {
    this.#ask('BEGIN', (prepared) => {
      prepared.run();
      if (this.#access === 'looking') {
        orUndo(
          () => this.#connection?.get('PRAGMA schema_version'),
          () => this.#connection?.exec('ROLLBACK'),
        );
      }
    });
  }

  #ask<T>(sql: string, use: (prepared: StatementSync) => T): T {
    return this.#guard(() => {
      if (this.#depth === 0 && this.#access === 'nothing') this.#look(this.#busyTimeoutMs);
      const ask = (): T => use(this.#opened().statement(sql));
      try {
        return ask();
      } catch (error) {
        // A newer program has brought the store up, and what was asked for has another form.
        if (isMisfit(error)) checkFormat(this.#opened(), this.path, this.#migrations);
        // Another process has begun to write since: its log is read in another way.
        if (this.#depth > 0 || this.#access !== 'looking' || !isUnopenable(error)) throw error;
      }
      this.#look(this.#busyTimeoutMs);
      return ask();
    });
  }

  #opened(): Connection {
    invariant(this.#connection !== undefined, 'the database is open');
    return this.#connection;
  }

  #openedLog(): WriteAheadLog {
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

  /** Opens the file to be read as it is now; an older one is brought up, and others that write are waited for so long. */
  #look(waitMs: number): void {
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
    // Beyond the opening what asks is synchronous, and a process may stand still here: when an older program has made the
    // store that was not there.
    if (format !== undefined && format > 0) return this.#openWriter(waitMs);
    this.#connection = new Connection(':memory:', { timeoutMs: 0 });
    this.#access = 'nothing';
    migrate(this.#connection, { from: 0, path: this.path, migrations: this.#migrations });
  }

  /** Of a connection that is of no use when this throws. */
  #formatOf(connection: Connection): number {
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

// Only opening and recovering the log can hold up a reader.
const longestReadWaitMs = 5_000;

function withoutAwait<T>(result: T): T {
  invariant(!(result instanceof Promise), 'a transaction does not span an await');
  return result;
}
