import assert from 'node:assert/strict';
import { test } from 'node:test';
import { yieldToEventLoop } from '../../../src/lib/yield-to-event-loop.ts';

test('each gets a turn of the event loop of its own, in the order of the calls', async () => {
  const order: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let round = 1; round <= 3; round++) {
      await yieldToEventLoop();
      order.push(`${name}${round}`);
    }
  };
  let isOver = false;
  const tick = (): void => {
    if (isOver) return;
    order.push('|');
    setImmediate(tick);
  };
  const works = Promise.all(['a', 'b', 'c'].map(work));
  tick();
  await works;
  isOver = true;
  assert.deepEqual(order.join('').match(/[^|]+/g), ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
});
