import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { errnoOf } from '../../sys/errno.ts';
import { startThread } from '../../sys/worker/start-thread.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';
import type { FileJob } from './file-jobs.ts';

// One request in work, and one more so that the worker need not wait for the main thread.
const maxRequests = 2;

type PendingRequest = PromiseWithResolvers<string[][] | undefined>;

/**
 * A worker thread for many small files beside the main thread; on two cores more threads gain nothing. It is started
 * when first needed and kept; idle, it does not keep the process alive. Results come in the order of requests.
 */
class FileHelper {
  readonly #requests: PendingRequest[] = [];
  #worker: Worker | undefined;

  /** Accepts jobs, or returns undefined when it is busy. A result of undefined means that the worker has died. */
  offer(jobs: readonly FileJob[]): Promise<string[][] | undefined> | undefined {
    if (this.#requests.length >= maxRequests || availableParallelism() < 2) return undefined;
    this.#worker ??= this.#start();
    if (this.#worker === undefined) return undefined;
    const request: PendingRequest = Promise.withResolvers();
    this.#requests.push(request);
    this.#worker.ref();
    this.#worker.postMessage(jobs);
    return request.promise;
  }

  #start(): Worker | undefined {
    const worker = this.#startThread();
    if (worker === undefined) return undefined;
    worker.on('message', (results: string[][]) => {
      this.#requests.shift()?.resolve(results);
      if (this.#requests.length === 0) worker.unref();
    });
    // The caller does its jobs itself then.
    worker.on('error', () => {});
    worker.once('exit', () => {
      this.#worker = undefined;
      for (const request of this.#requests.splice(0)) request.resolve(undefined);
    });
    return worker;
  }

  /** Returns undefined when the system refuses another thread: the main thread does all the work then. */
  #startThread(): Worker | undefined {
    try {
      return startThread(workerUrl('file-worker', import.meta.url), { name: 'strata-files' });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }
}

/** The only helper of this process. */
export const fileHelper: FileHelper = new FileHelper();
