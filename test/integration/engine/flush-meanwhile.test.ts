import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { flushMeanwhile } from '../../../src/engine/flush-meanwhile.ts';

test('work beside a flush answers and fails as it would alone; what cannot be flushed is not told here', async () => {
  for (const directory of [tmpdir(), '/nowhere/at/all']) {
    const beside = <T>(work: () => Promise<T>): Promise<T> => flushMeanwhile(directory, work, { pauseMs: 100 });
    assert.equal(await beside(async () => 1), 1);
    assert.equal(await beside(() => sleep(250, 2)), 2);
    await assert.rejects(
      beside(async () => {
        await sleep(150);
        throw new Error('the work');
      }),
      /the work/,
    );
    assert.deepEqual(await Promise.all([beside(() => sleep(150, 3)), beside(async () => 4)]), [3, 4]);
  }
});
