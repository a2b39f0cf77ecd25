import { setTimeout as sleep } from 'node:timers/promises';

export const patience = {
  /** A supervisor ends some milliseconds after its container. One that sleeps much longer is stuck. */
  asleepMs: 2000,
  /** Limit for a busy machine. */
  longestMs: 30_000,
} as const;

const [shortestPauseMs, longestPauseMs] = [2, 50];

/**
 * Polls until `isDone` and returns true, or false after `limitMs`. `isDone` gets the length of the last pause. Pauses grow
 * from 2 to 50 ms, so that a short wait is fast and waiting for many containers costs little CPU.
 */
export async function waitWithin(limitMs: number, isDone: (pausedMs: number) => boolean): Promise<boolean> {
  let [waitedMs, pauseMs] = [0, 0];
  while (!isDone(pauseMs)) {
    if (waitedMs >= limitMs) return false;
    pauseMs = Math.min(Math.max(waitedMs / 4, shortestPauseMs), longestPauseMs);
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
  return true;
}
