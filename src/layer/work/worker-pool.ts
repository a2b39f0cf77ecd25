import { availableParallelism } from 'node:os';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { JobThread } from '../../sys/worker/job-thread.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';
import type { Job, JobEvent, JobOf, JobResult } from './jobs.ts';

interface WorkerOptions extends AbortOptions {
  readonly progress: (offset: number) => void;
}

type LayerThread = JobThread<Job, JobEvent, JobResult<Job['kind']>>;

/**
 * Threads for long synchronous jobs, started when first needed and kept: a start takes 15 to 30 ms. Idle threads do not
 * keep the process alive.
 */
class WorkerPool {
  readonly #limit: number;
  readonly #idle: LayerThread[] = [];
  readonly #waiting: PromiseWithResolvers<LayerThread | undefined>[] = [];
  #started = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a free worker and runs the job. An abort waits for the end of a started job, then throws the signal's reason. */
  async run<Kind extends Job['kind']>(job: JobOf<Kind>, options: WorkerOptions): Promise<JobResult<Kind>> {
    const done = await this.runUnless(undefined, job, options);
    invariant(done, 'only an abort ends the wait for a worker');
    return done.result;
  }

  /** Does {@link run}, but returns undefined, without starting the job, when `over` settles before a worker is free. */
  async runUnless<Kind extends Job['kind']>(
    over: Promise<unknown> | undefined,
    job: JobOf<Kind>,
    { signal, progress }: WorkerOptions,
  ): Promise<{ readonly result: JobResult<Kind> } | undefined> {
    const thread = this.#take() ?? (await this.#waitForThread(over, signal));
    if (thread === undefined) {
      signal?.throwIfAborted();
      return undefined;
    }
    try {
      // A result is returned in spite of an abort: it may name files that the caller has to remove.
      return {
        result: (await thread.run(job, { signal, onEvent: ({ offset }) => progress(offset) })) as JobResult<Kind>,
      };
    } finally {
      this.#release(thread);
    }
  }

  #take(): LayerThread | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.hasEnded) return idle;
      this.#started--;
    }
    if (this.#started === this.#limit) return undefined;
    try {
      const thread = this.#start();
      this.#started++;
      return thread;
    } catch (error) {
      // No more threads can be started: the existing ones run the jobs one after the other.
      if (this.#started === 0) throw error;
      return undefined;
    }
  }

  /** Resolves to undefined when `over` or the signal ends the wait. */
  async #waitForThread(
    over: Promise<unknown> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<LayerThread | undefined> {
    signal?.throwIfAborted();
    const waiting = Promise.withResolvers<LayerThread | undefined>();
    this.#waiting.push(waiting);
    const leave = (): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      // A waiter that was already given a thread keeps it.
      if (at >= 0) waiting.resolve(undefined);
    };
    over?.then(leave, leave);
    signal?.addEventListener('abort', leave);
    try {
      return await waiting.promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  #start(): LayerThread {
    return new JobThread(workerUrl('layer-worker', import.meta.url), {
      name: 'strata-layer',
      // By default the young generation grows to 48 MB per thread, for objects that live no longer than one entry.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
  }

  #release(thread: LayerThread): void {
    this.#idle.push(thread);
    if (this.#waiting.length === 0) return;
    try {
      const free = this.#take();
      if (free !== undefined) this.#waiting.shift()?.resolve(free);
    } catch (error) {
      // No thread is left to run the waiting jobs.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }
}

/** The pool of this process: one thread per core, for all layers. */
export const layerWorkers: WorkerPool = new WorkerPool(availableParallelism());

/**
 * Threads for layers whose blobs are still being received. They mostly wait for bytes, and would keep complete layers
 * from {@link layerWorkers}. Three, as many layers as registry clients fetch at once. A layer whose blob is complete
 * before a thread is free goes to the other pool, so that a stalled stream does not hold up other layers.
 */
export const streamingWorkers: WorkerPool = new WorkerPool(3);
