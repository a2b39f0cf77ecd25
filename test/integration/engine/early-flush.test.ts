import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EarlyFlush } from '../../../src/engine/build/early-flush.ts';

test('work beside a flush answers and fails as it would alone; what cannot be flushed is not told here', async () => {
  for (const directory of [tmpdir(), '/nowhere/at/all']) {
    await using flush = new EarlyFlush(directory);
    assert.equal(await flush.during(async () => 1), 1);
    assert.equal(await flush.during(() => sleep(250, 2)), 2);
    await assert.rejects(
      flush.during(async () => {
        await sleep(150);
        throw new Error('the work');
      }),
      /the work/,
    );
    assert.deepEqual(await Promise.all([flush.during(() => sleep(150, 3)), flush.during(async () => 4)]), [3, 4]);
  }
});
