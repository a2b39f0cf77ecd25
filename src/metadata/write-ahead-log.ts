import { statSync } from 'node:fs';
import { invariant } from '../lib/invariant.ts';
import { beginLogAnew } from './begin-log-anew.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Connection } from './connection.ts';
import { LogFlush } from './log-flush.ts';
import { logFailure } from './sqlite-failure.ts';

export interface WriteAheadLogOptions {
  /** Of the connection. */
  readonly timeoutMs: number;
  /** SQLite writes the log back by itself, and the main thread flushes it the first few times. */
  readonly isAlone: boolean;
  readonly onFlushFailed: ((error: unknown) => void) | undefined;
}

/**
 * The log of a database that is open for writing: when it is on the disk, whether all of it got there, when it is written
 * back.
 */
export class WriteAheadLog implements Disposable {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #options: WriteAheadLogOptions;
  readonly #checkpoints: Checkpoints | undefined;
  #flush: LogFlush | undefined;
  /** The disk did not take what is in the log: what is appended behind that would be lost with it. */
  #hasLost = false;

  /** `path` is the database's. */
  constructor(connection: Connection, path: string, options: WriteAheadLogOptions) {
    this.#connection = connection;
    this.#path = path;
    this.#options = options;
    this.#checkpoints = options.isAlone ? undefined : new Checkpoints(path);
  }

  /** False while others are in the way of a new log, which is needed first. Throws what SQLite throws. */
  isSound(): boolean {
    if (this.#hasLost) this.#hasLost = !beginLogAnew(this.#connection, this.#options.timeoutMs);
    return !this.#hasLost;
  }

  /** Returns true when the log takes room that a full disk could use better. */
  isLong(): boolean {
    return (statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > longBytes;
  }

  /**
   * Writes the log back, which gives its room to whoever needs some. False where others are in the way, or the database
   * would have to grow first.
   */
  giveRoom(): boolean {
    try {
      return beginLogAnew(this.#connection, this.#options.timeoutMs);
    } catch {
      return false;
    }
  }

  /** To be called in each transaction before its commit. Throws what opening the log throws. */
  open(): void {
    this.#flush ??= new LogFlush(this.#path, this.#options);
  }

  /** To be called behind each transaction that changed something. */
  count(): void {
    this.#checkpoints?.count();
  }

  /** Resolves when all transactions that have ended are on the disk. Throws ERR_STORE_IO and its kin. */
  async flush(): Promise<void> {
    invariant(this.#flush !== undefined, 'the database is open until its transactions have ended');
    try {
      await this.#flush.flush();
    } catch (error) {
      this.#options.onFlushFailed?.(error);
      this.#hasLost = true;
      // At once: what was lost is in memory still, and goes into the database from there.
      this.#isAnew();
      throw logFailure(error, this.#path);
    }
    // A flush before this one may have failed meanwhile.
    if (this.#hasLost && !this.#isAnew()) throw logFailure(lostBefore, this.#path);
  }

  /** Lets a flush that was asked for end first. */
  [Symbol.dispose](): void {
    this.#flush?.[Symbol.dispose]();
    this.#flush = undefined;
  }

  #isAnew(): boolean {
    try {
      return this.isSound();
    } catch {
      // The next transaction tries again, and says so.
      return false;
    }
  }
}

// Little enough to be written into what a full disk gives up at a time.
const longBytes = 256 << 10;

const lostBefore = new Error('what was written to the log before was lost');
