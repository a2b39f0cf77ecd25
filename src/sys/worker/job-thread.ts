import type { Worker, WorkerOptions } from 'node:worker_threads';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../as-syscall-error.ts';
import { errnoOf } from '../errno.ts';
import { fromErrorData } from './error-data.ts';
import type { WorkerOrder, WorkerReport } from './messages.ts';
import { startThread } from './start-thread.ts';

// Derived, because the name of an item's type differs between versions of Node's types.
type TransferList = NonNullable<Parameters<Worker['postMessage']>[1]>;

/** Options of one job. */
export interface JobOptions<Event> extends AbortOptions {
  /** Called for each event. An event that the job delivers counts as handled once the returned promise resolves. */
  readonly onEvent?: ((event: Event) => void | Promise<void>) | undefined;
  /** Objects in the job that are transferred instead of copied, such as a stream or a port. */
  readonly transfer?: TransferList | undefined;
}

interface RunningJob {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onEvent: ((event: never) => void | Promise<void>) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly abort: () => void;
}

/**
 * Worker that does jobs, any number at a time; its module calls `serveJobs`. It keeps the process alive while jobs run. Disposal
 * waits for the jobs and for the end of the thread.
 */
export class JobThread<Job, Event, Result> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #running = new Map<number, RunningJob>();
  readonly #ended: Promise<void>;
  #count = 0;
  #death: { readonly error: unknown } | undefined;

  constructor(module: URL, options: Pick<WorkerOptions, 'name' | 'resourceLimits'> = {}) {
    this.#worker = startThread(module, options);
    this.#worker.unref();
    this.#worker.on('message', (report: WorkerReport) => this.#receive(report));
    let failure: unknown;
    this.#worker.on('error', (error) => (failure = error));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        const error = workerDied(failure ?? new Error(`worker exited with code ${code}`));
        this.#death = { error };
        for (const job of this.#running.values()) job.reject(error);
        this.#running.clear();
        resolve();
      });
    });
  }

  /** True when it takes no more jobs, because it has died or was disposed of. */
  get hasEnded(): boolean {
    return this.#death !== undefined;
  }

  /**
   * Runs a job and resolves with its result, possibly in spite of an abort. Rejects with the job's error, or with the signal's
   * reason once an aborted job has ended. A failure of `onEvent` rejects at once and aborts the job.
   * @throws ERR_WORKER_DIED
   */
  async run(job: Job, { signal, onEvent, transfer = [] }: JobOptions<Event> = {}): Promise<Result> {
    signal?.throwIfAborted();
    if (this.#death !== undefined) throw this.#death.error;
    const number = ++this.#count;
    const abort = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const stop = (): void => {
      Atomics.store(new Int32Array(abort), 0, 1);
      this.#send({ kind: 'abort', number });
    };
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#running.set(number, { resolve, reject, onEvent, signal, abort: stop });
    this.#worker.ref();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      this.#send({ kind: 'job', number, job, abort }, transfer);
      return (await promise) as Result;
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#running.delete(number);
      if (this.#running.size === 0) this.#worker.unref();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.ref();
    this.#send({ kind: 'end' });
    await this.#ended;
  }

  #receive(report: WorkerReport): void {
    const job = this.#running.get(report.number);
    if (job === undefined) return this.#discard(report);
    switch (report.kind) {
      case 'event':
        this.#handleEvent(job, report.event, report.delivery);
        break;
      case 'done':
        job.resolve(report.result);
        break;
      case 'aborted':
        job.reject(job.signal?.reason);
        break;
      case 'failed':
        job.reject(fromErrorData(report.error));
    }
  }

  /** Acknowledges an event of a job that has already been rejected, so that the job can end. */
  #discard(report: WorkerReport): void {
    if (report.kind === 'event' && report.delivery !== undefined) this.#send({ kind: 'taken', event: report.delivery });
  }

  #handleEvent({ onEvent, reject, abort }: RunningJob, event: unknown, delivery: number | undefined): void {
    const acknowledge = (): void => {
      if (delivery !== undefined) this.#send({ kind: 'taken', event: delivery });
    };
    // Acknowledged as well, because the aborted job must not wait for an event that is never handled.
    const fail = (error: unknown): void => {
      reject(error);
      abort();
      acknowledge();
    };
    try {
      const handled = onEvent?.(event as never);
      if (handled === undefined) acknowledge();
      else handled.then(acknowledge, fail);
    } catch (error) {
      fail(error);
    }
  }

  #send(order: WorkerOrder, transfer: TransferList = []): void {
    this.#worker.postMessage(order, transfer);
  }
}

/** Runs one job in a new thread, which has ended when this settles. */
export async function runInThread<Job, Event, Result>(
  module: URL,
  job: Job,
  options: JobOptions<Event> = {},
): Promise<Result> {
  options.signal?.throwIfAborted();
  await using thread = new JobThread<Job, Event, Result>(module);
  return await thread.run(job, options);
}

function workerDied(cause: unknown): unknown {
  if (errnoOf(cause) !== undefined) return asSyscallError(cause);
  return new StrataError({
    code: 'ERR_WORKER_DIED',
    message: 'worker thread: ended before its work was done',
    hint: 'Try again. If it happens again, free memory on the machine, or report a bug of Strata.',
    cause,
  });
}
