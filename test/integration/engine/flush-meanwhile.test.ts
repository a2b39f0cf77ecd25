import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { flushMeanwhile } from '../../../src/store/work/flush-meanwhile.ts';

test('work beside a flush answers and fails as it would alone', async () => {
  let flushes = 0;
  const disk = { flush: async () => void flushes++ };
  const beside = <T>(work: () => Promise<T>): Promise<T> => flushMeanwhile(disk, work, { pauseMs: 100 });
  assert.equal(await beside(async () => 1), 1);
  assert.equal(flushes, 0, 'it was over before');
  assert.equal(await beside(() => untilFlushed(() => flushes, 2)), 2);
  await assert.rejects(
    beside(async () => {
      throw new Error('the work');
    }),
    /the work/,
  );
  assert.deepEqual(await Promise.all([beside(() => sleep(150, 3)), beside(async () => 4)]), [3, 4]);
});

test('what could not be written is told, also when the work fails for want of it', async () => {
  const failure = new Error('the disk');
  let flushes = 0;
  const disk = {
    flush: async () => {
      flushes++;
      throw failure;
    },
  };
  for (const fails of [false, true]) {
    flushes = 0;
    const work = async (): Promise<void> => {
      await untilFlushed(() => flushes, 1);
      if (fails) throw new Error('a file is gone');
    };
    await assert.rejects(flushMeanwhile(disk, work, { pauseMs: 1 }), failure);
  }
});

/** Answers how often it was flushed once that is `count` times. */
async function untilFlushed(flushes: () => number, count: number): Promise<number> {
  while (flushes() < count) await sleep(5);
  return count;
}
