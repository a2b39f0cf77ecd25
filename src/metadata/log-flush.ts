import { closeSync, fdatasync, fdatasyncSync, openSync, realpathSync } from 'node:fs';

export interface LogFlushOptions {
  /** True in a command, see `DatabaseOptions`. */
  readonly isAlone: boolean;
}

/**
 * Flushes SQLite's write-ahead log, on a thread of libuv's pool. A short command flushes on its main thread, because
 * starting the pool takes longer than the flushes. SQLite itself (`synchronous = NORMAL`) only appends to the log, and
 * flushes where the order on the disk matters: the header of a new log with its directory entry, and the log before a
 * checkpoint. A transaction is durable once the log is, so transactions that commit during a flush share the next one.
 *
 * The log is the only file of SQLite that other code may open: SQLite's locks are on the database and on `-shm`,
 * where closing any descriptor drops them. The descriptor is opened before the first commit and kept, because the
 * kernel reports a failed write only through descriptors that were open then, once each.
 */
export class LogFlush implements Disposable {
  readonly #fd: number;
  /** Number of flushes that the main thread still does itself. */
  #mainThreadFlushes: number;
  #running: Promise<void> | undefined;
  /** Starts after the running flush, which may have begun before the last frames were written. */
  #next: Promise<void> | undefined;
  #isOpen = true;

  /** `database` is the path of a database that is open for writing, so that its log exists and stays. */
  constructor(database: string, { isAlone }: LogFlushOptions) {
    this.#mainThreadFlushes = isAlone ? flushesOfShortCommands : 0;
    // SQLite keeps the log beside the file that a symlink leads to.
    this.#fd = openSync(`${realpathSync(database)}-wal`, 'r');
  }

  /** Resolves once the present content of the log is on the disk. Throws the error of `fdatasync`. */
  async flush(): Promise<void> {
    if (this.#mainThreadFlushes-- > 0) return fdatasyncSync(this.#fd);
    this.#next ??= this.#flushAfter(this.#running);
    await this.#next;
  }

  /** Closes the log after a requested flush has ended. */
  [Symbol.dispose](): void {
    this.#isOpen = false;
    this.#closeIfIdle();
  }

  async #flushAfter(before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    this.#next = undefined;
    const running = flushFile(this.#fd);
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

// Longer work, such as a build, soon needs its event loop for other things.
const flushesOfShortCommands = 3;

const flushFile = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
