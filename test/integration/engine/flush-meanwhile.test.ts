import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { flushMeanwhile } from '../../../src/store/work/flush-meanwhile.ts';

test('work beside a flush returns and fails as it would alone', async () => {
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

test('a failed flush is reported, even when the work fails because of it', async () => {
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

/** Waits for the given number of flushes and returns it. */
async function untilFlushed(flushes: () => number, count: number): Promise<number> {
  while (flushes() < count) await sleep(5);
  return count;
}
