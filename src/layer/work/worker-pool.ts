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
 * Threads for long synchronous jobs, started when first needed and kept: a start takes 15 to 30 ms. Idle ones do not
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

  /** Waits for a free worker, and for the end of a job that has begun also when aborted; then throws the signal's reason. */
  async run<Kind extends Job['kind']>(job: JobOf<Kind>, options: WorkerOptions): Promise<JobResult<Kind>> {
    const done = await this.runUnless(undefined, job, options);
    invariant(done, 'only an abort ends the wait for a worker');
    return done.result;
  }

  /** As {@link run}; undefined, with the job not begun, when `over` settles before a worker is free. */
  async runUnless<Kind extends Job['kind']>(
    over: Promise<unknown> | undefined,
    job: JobOf<Kind>,
    { signal, progress }: WorkerOptions,
  ): Promise<{ readonly result: JobResult<Kind> } | undefined> {
    const thread = this.#take() ?? (await this.#freed(over, signal));
    if (thread === undefined) {
      signal?.throwIfAborted();
      return undefined;
    }
    try {
      // A result that came in spite of an abort is handed over: it may name files that somebody has to remove.
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
      // There are no more to be had: those that there are do it one after the other.
      if (this.#started === 0) throw error;
      return undefined;
    }
  }

  /** Undefined when the wait was ended before. */
  async #freed(over: Promise<unknown> | undefined, signal: AbortSignal | undefined): Promise<LayerThread | undefined> {
    signal?.throwIfAborted();
    const waiting = Promise.withResolvers<LayerThread | undefined>();
    this.#waiting.push(waiting);
    const leave = (): void => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      // One that has been given a thread keeps it.
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
      // V8 lets the young generation grow to 48 MB in every thread, for objects that live as long as one entry of a layer.
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
      // None is left that could do it.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }
}

/** The one pool of this process: its threads share the cores, whatever asks for them. */
export const layerWorkers: WorkerPool = new WorkerPool(availableParallelism());

/**
 * For layers that are still streaming: these threads mostly wait for bytes, and would keep the others from layers that are
 * there. As many as registries' clients fetch at once; a layer that has come whole before one is free goes to the others, so
 * that no stream that stands still holds up another's.
 */
export const streamingWorkers: WorkerPool = new WorkerPool(3);
