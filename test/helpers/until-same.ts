import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from './until.ts';

/**
 * Waits until `look` returns the expected value, for state that ends by itself, such as the watcher of a killed RUN.
 */
export async function untilSame<Value>(
  look: () => Value | Promise<Value>,
  expected: Value,
  what?: string,
): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 50) {
    if (JSON.stringify(await look()) === JSON.stringify(expected)) return;
    await sleep(50);
  }
  assert.deepEqual(await look(), expected, what);
}
