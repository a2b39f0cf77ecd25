import type { AbortOptions } from '../../../lib/abort.ts';
import { containerNotKilled } from './failures.ts';

export interface KilledOptions extends AbortOptions {
  /** Beginning of the message when it does not die, such as `cannot stop container: one`. */
  readonly task: string;
}

// Docker's limit.
const dyingSeconds = 12;

/** Waits for the end of a killed container. Throws ERR_CONTAINER_NOT_KILLED. */
export async function waitUntilKilled(
  { task, signal }: KilledOptions,
  waitForEnd: (limits: AbortOptions) => Promise<unknown>,
): Promise<void> {
  if (!(await endsWithin(dyingSeconds, { signal }, waitForEnd))) throw containerNotKilled(task);
}

// Limit of timers, 24 days. Longer times count as for ever.
const longestSeconds = (2 ** 31 - 1) / 1000;

/** Returns true when it ends within `seconds`. A negative number waits for ever. */
export async function endsWithin(
  seconds: number,
  { signal }: AbortOptions,
  waitForEnd: (limits: AbortOptions) => Promise<unknown>,
): Promise<boolean> {
  if (seconds < 0 || seconds > longestSeconds) return waitForEnd({ signal }).then(() => true);
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    await waitForEnd({ signal: signal ? AbortSignal.any([signal, limit]) : limit });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return false;
    throw error;
  }
}
