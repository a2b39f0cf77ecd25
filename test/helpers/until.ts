import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a test waits for what must come: far longer than it takes on the slowest and busiest machine. */
export const patienceMs = 120_000;

/** Waits until it is so; `what` is told when it never is. */
export async function until(isSo: () => boolean | Promise<boolean>, what: () => string, pauseMs = 10): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += pauseMs) {
    assert.ok(waited < patienceMs, what());
    await sleep(pauseMs);
  }
}
