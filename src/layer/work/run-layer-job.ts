import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { type Job, type JobOf, type JobResult, runJob } from './jobs.ts';
import { layerWorkers, streamingWorkers } from './worker-pool.ts';

/** Jobs of fewer bytes take less time on the calling thread than a message to a worker and back. */
export const inlineBytes: number = 2 << 20;

export interface RunJobOptions extends AbortOptions {
  /** Approximate number of bytes that the job handles. */
  readonly bytes: number;
  /** Set for a job that waits for bytes; settles when all of them are there. */
  readonly streaming?: Promise<void> | undefined;
  readonly progress?: ((offset: number) => void) | undefined;
}

/**
 * Runs a small job on the calling thread, a large one in a worker. After an abort it rejects with the signal's reason
 * once the job has ended.
 */
export async function runLayerJob<Kind extends Job['kind']>(
  job: JobOf<Kind>,
  { bytes, streaming, signal, progress = () => {} }: RunJobOptions,
): Promise<JobResult<Kind>> {
  const done = streaming && (await streamingWorkers.runUnless(streaming, job, { signal, progress }));
  if (done) return done.result;
  if (bytes >= inlineBytes) return layerWorkers.run(job, { signal, progress });
  // Lets the event loop run between two small jobs.
  await setImmediate();
  signal?.throwIfAborted();
  try {
    return runJob(job, { check: () => signal?.throwIfAborted(), progress }) as JobResult<Kind>;
  } catch (error) {
    // The same error as from a worker.
    throw signal?.aborted === true ? error : asSyscallError(error);
  }
}
