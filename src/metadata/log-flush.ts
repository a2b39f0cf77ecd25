import { closeSync, fdatasync, fdatasyncSync, openSync, realpathSync } from 'node:fs';

export interface LogFlushOptions {
  /** The program is a command, see `DatabaseOptions`. */
  readonly isAlone: boolean;
}

/**
 * Makes SQLite's write-ahead log durable, on a thread of libuv's pool. A short command flushes on its main thread: to start
 * the pool's four threads takes longer than what they would do. SQLite itself only appends to it (`synchronous = NORMAL`)
 * and flushes where the order on the disk matters: the header of a new log, with its name in the folder, and the log
 * before a checkpoint. A transaction is durable as soon as the log is, so transactions that end meanwhile share a flush.
 *
 * The log is the one file of SQLite that others may open: its locks lie on the database and on `-shm`, where closing any
 * descriptor would drop them. The descriptor is opened before the first commit and kept: the kernel tells of a write that
 * failed through each descriptor that was open then, once.
 */
export class LogFlush implements Disposable {
  readonly #fd: number;
  /** How many flushes the main thread still does itself. */
  #ownFlushes: number;
  #running: Promise<void> | undefined;
  /** Waits for the one that runs, which may have begun before the last frames were written. */
  #next: Promise<void> | undefined;
  #isOpen = true;

  /** `database` is open for writing, so that its log stands and stays. */
  constructor(database: string, { isAlone }: LogFlushOptions) {
    this.#ownFlushes = isAlone ? flushesOfShortCommands : 0;
    // SQLite keeps it beside the file that a symlink leads to.
    this.#fd = openSync(`${realpathSync(database)}-wal`, 'r');
  }

  /** Resolves when all that is in the log now is on the disk. Throws what `fdatasync` met. */
  async flush(): Promise<void> {
    if (this.#ownFlushes-- > 0) return fdatasyncSync(this.#fd);
    this.#next ??= this.#flushAfter(this.#running);
    await this.#next;
  }

  /** Lets a flush that was asked for end first. */
  [Symbol.dispose](): void {
    this.#isOpen = false;
    this.#closeIfIdle();
  }

  async #flushAfter(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    this.#next = undefined;
    const running = flushed(this.#fd);
    this.#running = running;
    try {
      await running;
    } finally {
      if (this.#running === running) this.#running = undefined;
      this.#closeIfIdle();
    }
  }

  #closeIfIdle(): void {
    if (!this.#isOpen && this.#running === undefined && this.#next === undefined) closeSync(this.#fd);
  }
}

// A build, or whoever else works for longer, soon has its loop free for what its steps write.
const flushesOfShortCommands = 3;

const flushed = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
