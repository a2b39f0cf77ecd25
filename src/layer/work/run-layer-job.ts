import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { type Job, type JobOf, type JobResult, runJob } from './jobs.ts';
import { layerWorkers, streamingWorkers } from './worker-pool.ts';

/** Work below this many bytes ends sooner on the calling thread than a message takes to a worker and back. */
export const inlineBytes: number = 2 << 20;

export interface RunJobOptions extends AbortOptions {
  /** Roughly how many bytes the job handles. */
  readonly bytes: number;
  /** For a job that waits for bytes: settles when they are all there. */
  readonly streaming?: Promise<void> | undefined;
  readonly progress?: ((offset: number) => void) | undefined;
}

/**
 * Runs a job, small ones here and large ones in a worker. An aborted one has ended when this rejects with the signal's
 * reason.
 */
export async function runLayerJob<Kind extends Job['kind']>(
  job: JobOf<Kind>,
  { bytes, streaming, signal, progress = () => {} }: RunJobOptions,
): Promise<JobResult<Kind>> {
  const done = streaming && (await streamingWorkers.runUnless(streaming, job, { signal, progress }));
  if (done) return done.result;
  if (bytes >= inlineBytes) return layerWorkers.run(job, { signal, progress });
  // Lets others run between two small jobs.
  await setImmediate();
  signal?.throwIfAborted();
  try {
    return runJob(job, { check: () => signal?.throwIfAborted(), progress }) as JobResult<Kind>;
  } catch (error) {
    // As from a worker.
    throw signal?.aborted === true ? error : asSyscallError(error);
  }
}
