import { errnoOf } from '../sys/errno.ts';
import { startThread } from '../sys/worker/start-thread.ts';
import { workerUrl } from '../sys/worker/worker-url.ts';

// A transaction writes two to ten pages of 4 KiB: some megabytes, which recovering the log reads in milliseconds.
const transactionsBetween = 256;

/**
 * Has the write-ahead log written back to the database by a worker, whose flushes nobody waits for: a process in which
 * other work goes on does not do that behind a transaction of its own, as SQLite would.
 */
export class Checkpoints {
  readonly #database: string;
  #transactions = 0;
  #isRunning = false;

  constructor(database: string) {
    this.#database = database;
  }

  /** Counts a transaction, and has the log written back behind each so many. */
  count(): void {
    if (++this.#transactions < transactionsBetween || this.#isRunning) return;
    this.#transactions = 0;
    try {
      this.#start();
    } catch (error) {
      // No thread is to be had: the log goes on growing, and the next one tries again.
      if (errnoOf(error) === undefined) throw error;
    }
  }

  #start(): void {
    const worker = startThread(workerUrl('checkpoint-worker', import.meta.url), { workerData: this.#database });
    this.#isRunning = true;
    worker.unref();
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#isRunning = false;
    });
  }
}
