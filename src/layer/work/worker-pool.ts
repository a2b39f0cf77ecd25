import { availableParallelism } from 'node:os';
import type { AbortOptions } from '../../lib/abort.ts';
import { JobThread } from '../../sys/worker/job-thread.ts';
import { workerUrl } from '../../sys/worker/worker-url.ts';
import type { Job, JobEvent, JobOf, JobResult } from './jobs.ts';

interface RunOptions extends AbortOptions {
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
  readonly #waiting: ((thread: LayerThread) => void)[] = [];
  #started = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a free worker and the job's end, also when aborted; then throws the signal's reason. */
  async run<Kind extends Job['kind']>(job: JobOf<Kind>, { signal, progress }: RunOptions): Promise<JobResult<Kind>> {
    const thread = this.#take() ?? (await new Promise<LayerThread>((resolve) => this.#waiting.push(resolve)));
    try {
      // A result that came in spite of an abort is handed over: it may name files that somebody has to remove.
      return (await thread.run(job, { signal, onEvent: ({ offset }) => progress(offset) })) as JobResult<Kind>;
    } finally {
      this.#release(thread);
    }
  }

  #take(): LayerThread | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.hasEnded) return idle;
      this.#started--;
    }
    return this.#started < this.#limit ? this.#start() : undefined;
  }

  #start(): LayerThread {
    this.#started++;
    return new JobThread(workerUrl('layer-worker', import.meta.url), {
      name: 'strata-layer',
      // V8 lets the young generation grow to 48 MB in every thread, for objects that live as long as one entry of a layer.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
  }

  #release(thread: LayerThread): void {
    this.#idle.push(thread);
    if (this.#waiting.length === 0) return;
    const free = this.#take();
    if (free !== undefined) this.#waiting.shift()?.(free);
  }
}

/** The one pool of this process: its threads share the cores, whatever asks for them. */
export const layerWorkers: WorkerPool = new WorkerPool(availableParallelism());

/**
 * For layers that are still coming: these threads mostly wait for bytes, and would keep the others from layers that are
 * there. As many as registries' clients fetch at once.
 */
export const comingWorkers: WorkerPool = new WorkerPool(3);
