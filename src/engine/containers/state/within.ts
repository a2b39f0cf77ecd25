import { setTimeout as sleep } from 'node:timers/promises';

export const patience = {
  /** A supervisor is gone some milliseconds after its container; one that has slept far beyond that is stuck. */
  asleepMs: 2000,
  /** On a busy machine it may take its time, which has an end too. */
  longestMs: 30_000,
} as const;

const [shortestPauseMs, longestPauseMs] = [2, 50];

/**
 * Waits until `isSo`, which is told how long was paused since it was last asked; false when that takes too long. It is
 * usually a matter of milliseconds; of many containers that take longer none keeps the program busy with looking.
 */
export async function within(limitMs: number, isSo: (pausedMs: number) => boolean): Promise<boolean> {
  let [waitedMs, pauseMs] = [0, 0];
  while (!isSo(pauseMs)) {
    if (waitedMs >= limitMs) return false;
    pauseMs = Math.min(Math.max(waitedMs / 4, shortestPauseMs), longestPauseMs);
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
  return true;
}
