import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { errnoOf } from '../../sys/errno.ts';
import { startThread } from '../../sys/worker/start-thread.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';
import type { FileJob } from './file-jobs.ts';

// One that it works on, and one so that it need not wait for the main thread to come round.
const mostAtOnce = 2;

type Waiting = PromiseWithResolvers<string[][] | undefined>;

/**
 * One thread beside the main one for work on many small files: on two cores that is all there is to win. It is started
 * when first needed and kept; idle, it does not keep the process alive. Answers come in the order of the questions.
 */
class FileHelper {
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;

  /** Takes jobs over, or answers undefined when it has enough to do. An undefined result says that it has died. */
  offer(jobs: readonly FileJob[]): Promise<string[][] | undefined> | undefined {
    if (this.#waiting.length >= mostAtOnce || availableParallelism() < 2) return undefined;
    this.#worker ??= this.#start();
    if (this.#worker === undefined) return undefined;
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.push(waiting);
    this.#worker.ref();
    this.#worker.postMessage(jobs);
    return waiting.promise;
  }

  #start(): Worker | undefined {
    const worker = this.#thread();
    if (worker === undefined) return undefined;
    worker.on('message', (results: string[][]) => {
      this.#waiting.shift()?.resolve(results);
      if (this.#waiting.length === 0) worker.unref();
    });
    // What it was given is done by whoever gave it.
    worker.on('error', () => {});
    worker.once('exit', () => {
      this.#worker = undefined;
      for (const waiting of this.#waiting.splice(0)) waiting.resolve(undefined);
    });
    return worker;
  }

  /** Where there is none to be had the main one does all of it. */
  #thread(): Worker | undefined {
    try {
      return startThread(workerUrl('file-worker', import.meta.url), { name: 'strata-files' });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }
}

/** The one of this process. */
export const fileHelper: FileHelper = new FileHelper();
