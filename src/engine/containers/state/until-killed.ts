import type { AbortOptions } from '../../../lib/abort.ts';
import { notKilled } from './failures.ts';

export interface KilledOptions extends AbortOptions {
  /** What fails when it does not die, such as `cannot stop container: one`. */
  readonly task: string;
}

// As long as docker waits.
const dyingSeconds = 12;

/** Waits for the end of a container that was killed. Throws ERR_CONTAINER_NOT_KILLED. */
export async function untilKilled(
  { task, signal }: KilledOptions,
  untilEnded: (limits: AbortOptions) => Promise<unknown>,
): Promise<void> {
  if (!(await endsWithin(dyingSeconds, { signal }, untilEnded))) throw notKilled(task);
}

// What a timer can measure, 24 days: longer is for ever.
const longestSeconds = (2 ** 31 - 1) / 1000;

/** Whether it ends in so many seconds; negative waits for ever. */
export async function endsWithin(
  seconds: number,
  { signal }: AbortOptions,
  untilEnded: (limits: AbortOptions) => Promise<unknown>,
): Promise<boolean> {
  if (seconds < 0 || seconds > longestSeconds) return untilEnded({ signal }).then(() => true);
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    await untilEnded({ signal: signal ? AbortSignal.any([signal, limit]) : limit });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return false;
    throw error;
  }
}
