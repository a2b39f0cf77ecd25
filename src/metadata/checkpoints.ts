import { errnoOf } from '../sys/errno.ts';
import { startThread } from '../sys/worker/start-thread.ts';
import { workerUrl } from '../sys/worker/worker-url.ts';

// A transaction writes two to ten pages of 4 KiB, so the log grows to some megabytes, which are recovered in
// milliseconds.
const transactionsBetween = 256;

/**
 * Writes the write-ahead log back to the database on a worker thread, for long-lived processes. SQLite itself would do
 * it at the end of a transaction, and its flushes would block the main thread.
 */
export class Checkpoints {
  readonly #database: string;
  #transactions = 0;
  #isRunning = false;

  constructor(database: string) {
    this.#database = database;
  }

  /** Counts a transaction, and starts a checkpoint after every 256. */
  count(): void {
    if (++this.#transactions < transactionsBetween || this.#isRunning) return;
    this.#transactions = 0;
    try {
      this.#start();
    } catch (error) {
      // No thread could be started: the log keeps growing, and a later transaction tries again.
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
