import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time limit of waits in tests: far longer than anything takes on the slowest and busiest machine. */
export const patienceMs = 120_000;

/** Waits until `isSo` returns true; fails with the text of `what` after {@link patienceMs}. */
export async function until(isSo: () => boolean | Promise<boolean>, what: () => string, pauseMs = 10): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += pauseMs) {
    assert.ok(waited < patienceMs, what());
    await sleep(pauseMs);
  }
}
