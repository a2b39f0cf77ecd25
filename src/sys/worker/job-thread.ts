import type { Worker, WorkerOptions } from 'node:worker_threads';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../as-syscall-error.ts';
import { errnoOf } from '../errno.ts';
import { fromErrorData } from './error-data.ts';
import type { WorkerOrder, WorkerReport } from './messages.ts';
import { startThread } from './start-thread.ts';

// The name of an item's type differs between versions of Node's types.
type TransferList = NonNullable<Parameters<Worker['postMessage']>[1]>;

export interface JobOptions<Event> extends AbortOptions {
  /** An event that the job delivers has been dealt with when this has resolved. */
  readonly onEvent?: ((event: Event) => void | Promise<void>) | undefined;
  /** What in the job is handed over instead of copied: a stream, a port. */
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
 * A worker that does jobs, any number at a time; its module calls `serveJobs`. It keeps the process alive while it has
 * some. Disposal waits for the jobs and the thread's end.
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

  /** It takes no more jobs: it has died, or was disposed of. */
  get hasEnded(): boolean {
    return this.#death !== undefined;
  }

  /**
   * Resolves with the job's result, which may come in spite of an abort; rejects with its error, with the signal's reason
   * once an aborted job has ended, or with ERR_WORKER_DIED. A failure of `onEvent` rejects at once, and aborts the job.
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
    if (job === undefined) return this.#forgo(report);
    switch (report.kind) {
      case 'event':
        this.#deal(job, report.event, report.delivery);
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

  /** Of a job that failed by its event and goes on to its end. */
  #forgo(report: WorkerReport): void {
    if (report.kind === 'event' && report.delivery !== undefined) this.#send({ kind: 'taken', event: report.delivery });
  }

  #deal({ onEvent, reject, abort }: RunningJob, event: unknown, delivery: number | undefined): void {
    const taken = (): void => {
      if (delivery !== undefined) this.#send({ kind: 'taken', event: delivery });
    };
    // Nobody wants the job any more: it is not to wait for an event that was never dealt with.
    const failed = (error: unknown): void => {
      reject(error);
      abort();
      taken();
    };
    try {
      const dealt = onEvent?.(event as never);
      if (dealt === undefined) taken();
      else dealt.then(taken, failed);
    } catch (error) {
      failed(error);
    }
  }

  #send(order: WorkerOrder, transfer: TransferList = []): void {
    this.#worker.postMessage(order, transfer);
  }
}

/** Runs one job in a thread of its own, which has ended when this settles. */
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
    hint: 'Try again; if it happens again the machine is short of memory or this is a bug.',
    cause,
  });
}
