import { statSync } from 'node:fs';
import { invariant } from '../lib/invariant.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Connection } from './connection.ts';
import { LogFlush } from './log-flush.ts';
import { resetLog } from './reset-log.ts';
import { logFailure } from './sqlite-failure.ts';

export interface WriteAheadLogOptions {
  /** Busy timeout of the connection, in milliseconds. */
  readonly timeoutMs: number;
  /** True in a command: SQLite writes the log back by itself, and the main thread flushes it the first few times. */
  readonly isAlone: boolean;
  readonly onFlushFailed: ((error: unknown) => void) | undefined;
}

/** The write-ahead log of a database that is open for writing: flushes it, detects lost writes, and writes it back. */
export class WriteAheadLog implements Disposable {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #options: WriteAheadLogOptions;
  readonly #checkpoints: Checkpoints | undefined;
  #flush: LogFlush | undefined;
  /** True after a failed flush: frames appended after the lost ones would be lost with them. */
  #hasLostWrites = false;

  /** `path` is the path of the database. */
  constructor(connection: Connection, path: string, options: WriteAheadLogOptions) {
    this.#connection = connection;
    this.#path = path;
    this.#options = options;
    this.#checkpoints = options.isAlone ? undefined : new Checkpoints(path);
  }

  /**
   * Resets a log that has lost writes. Returns false while other processes prevent that, and no transaction may begin
   * then. Throws what SQLite throws.
   */
  ensureIntact(): boolean {
    if (this.#hasLostWrites) this.#hasLostWrites = !resetLog(this.#connection, this.#options.timeoutMs);
    return !this.#hasLostWrites;
  }

  /** True when the log is long enough that a full disk should get its space back. */
  isLong(): boolean {
    return (statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > longBytes;
  }

  /**
   * Writes the log back and truncates it, to free its space. Returns false where other processes prevent that, or the
   * database would have to grow first.
   */
  releaseSpace(): boolean {
    try {
      return resetLog(this.#connection, this.#options.timeoutMs);
    } catch {
      return false;
    }
  }

  /** Opens the log for flushing; to be called in each transaction before its commit. Throws what opening it throws. */
  open(): void {
    this.#flush ??= new LogFlush(this.#path, this.#options);
  }

  /** Counts a transaction, for checkpoints; to be called after each that changed something. */
  count(): void {
    this.#checkpoints?.count();
  }

  /** Resolves once all committed transactions are on the disk. Throws ERR_STORE_IO, ERR_STORE_FULL and similar. */
  async flush(): Promise<void> {
    invariant(this.#flush !== undefined, 'the database is open until its transactions have ended');
    try {
      await this.#flush.flush();
    } catch (error) {
      this.#options.onFlushFailed?.(error);
      this.#hasLostWrites = true;
      // At once: the lost frames are still in memory, and are written to the database from there.
      this.#tryReset();
      throw logFailure(error, this.#path);
    }
    // An earlier flush may have failed meanwhile.
    if (this.#hasLostWrites && !this.#tryReset()) throw logFailure(lostBefore, this.#path);
  }

  /** Closes the log after a requested flush has ended. */
  [Symbol.dispose](): void {
    this.#flush?.[Symbol.dispose]();
    this.#flush = undefined;
  }

  #tryReset(): boolean {
    try {
      return this.ensureIntact();
    } catch {
      // The next transaction tries again, and reports the failure.
      return false;
    }
  }
}

// A log up to this size can be written back into a single part of the reserve.
const longBytes = 256 << 10;

const lostBefore = new Error('what was written to the log before was lost');
