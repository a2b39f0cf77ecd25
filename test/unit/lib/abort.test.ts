import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { unlessAborted } from '../../../src/lib/abort.ts';

const stopped = new Error('stopped');
const never = new Promise<never>(() => undefined);

test('a wait ends as it does, with and without a signal, and leaves no listener', async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(1), {}), 1);
  assert.equal(await unlessAborted(Promise.resolve(2), { signal }), 2);
  await assert.rejects(unlessAborted(Promise.reject(stopped), { signal }), stopped);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('an abort ends the wait with its reason, before and while it lasts', async () => {
  await assert.rejects(unlessAborted(never, { signal: AbortSignal.abort(stopped) }), stopped);
  const controller = new AbortController();
  const waiting = unlessAborted(never, { signal: controller.signal });
  controller.abort(stopped);
  await assert.rejects(waiting, stopped);
  assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
});

test('work that fails after an abort causes no unhandled rejection', async (context) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  context.after(() => process.off('unhandledRejection', note));
  const controller = new AbortController();
  const waits = [AbortSignal.abort(stopped), controller.signal].map((signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    return { reject, ended: assert.rejects(unlessAborted(promise, { signal }), stopped) };
  });
  controller.abort(stopped);
  for (const { reject, ended } of waits) {
    await ended;
    reject(new Error('too late'));
  }
  // Node reports unhandled rejections after the current turn.
  await setImmediate();
  assert.deepEqual(unhandled, []);
});
