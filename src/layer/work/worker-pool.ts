import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { errnoOf } from '../../sys/errno.ts';
import { workerUrl } from '../../sys/worker-url.ts';
import type { Job, JobOf, JobResult } from './jobs.ts';
import { fromPlainError, type JobMessage, type WorkerMessage } from './messages.ts';

interface RunOptions extends AbortOptions {
  readonly progress: (offset: number) => void;
}

interface Waiting {
  readonly start: (worker: Worker) => void;
}

/**
 * Threads for long synchronous jobs, as many as there are cores, started when first needed and kept: a start takes
 * 15 to 30 ms. Idle ones do not keep the process alive. A job that is aborted ends at its next check, never in the
 * middle of a system call, so no worker is ever terminated.
 */
class WorkerPool {
  readonly #limit = availableParallelism();
  readonly #idle: Worker[] = [];
  readonly #waiting: Waiting[] = [];
  #started = 0;

  /** Waits for a free worker and the job's end, also when aborted; then throws the signal's reason. */
  run<Kind extends Job['kind']>(job: JobOf<Kind>, options: RunOptions): Promise<JobResult<Kind>> {
    const { promise, resolve, reject } = Promise.withResolvers<JobResult<Kind>>();
    const begin = (worker: Worker): void => {
      if (options.signal?.aborted === true) {
        this.#release(worker);
        reject(options.signal.reason as Error);
        return;
      }
      void runOn(worker, job, options)
        .then((result) => resolve(result as JobResult<Kind>), reject)
        .finally(() => this.#release(worker));
    };
    const worker = this.#idle.pop() ?? this.#start();
    if (worker) begin(worker);
    else this.#waiting.push({ start: begin });
    return promise;
  }

  #start(): Worker | undefined {
    if (this.#started >= this.#limit) return undefined;
    this.#started++;
    const worker = new Worker(workerUrl('layer-worker', import.meta.url), {
      name: 'strata-layer',
      // V8 lets the young generation grow to 48 MB in every thread, for objects that live as long as one entry of a layer.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
    // Failures reach the job through listeners of its own.
    worker.on('error', () => {});
    worker.once('exit', () => {
      this.#started--;
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return worker;
  }

  #release(worker: Worker): void {
    // -1 once it has exited
    const free = worker.threadId === -1 ? this.#start() : worker;
    if (!free) return;
    const next = this.#waiting.shift();
    if (next) next.start(free);
    else {
      free.unref();
      this.#idle.push(free);
    }
  }
}

/** The one pool of this process. */
export const layerWorkers: WorkerPool = new WorkerPool();

async function runOn(worker: Worker, job: Job, { signal, progress }: RunOptions): Promise<unknown> {
  const abort = new SharedArrayBuffer(4);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const onAbort = (): void => {
    Atomics.store(new Int32Array(abort), 0, 1);
  };
  const onMessage = (message: WorkerMessage): void => {
    switch (message.kind) {
      case 'progress':
        progress(message.offset);
        break;
      case 'done':
        resolve(message.result);
        break;
      case 'aborted':
        reject(signal?.reason as Error);
        break;
      case 'failed':
        reject(fromPlainError(message.error));
    }
  };
  let failure: unknown;
  const onError = (cause: unknown): void => {
    failure = cause;
  };
  const onExit = (code: number): void => reject(workerDied(failure ?? new Error(`worker exited with code ${code}`)));
  worker.on('message', onMessage).once('error', onError).once('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  worker.ref();
  try {
    worker.postMessage({ job, abort } satisfies JobMessage);
    // A result that came in spite of an abort is handed over: it may name files that somebody has to remove.
    return await promise;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }
}

function workerDied(cause: unknown): unknown {
  if (errnoOf(cause) !== undefined) return asSyscallError(cause);
  return new StrataError({
    code: 'ERR_LAYER_WORKER_DIED',
    message: 'layer worker: ended before its work was done',
    hint: 'Try again; if it happens again the machine is short of memory or this is a bug.',
    cause,
  });
}
