import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstCause } from '../../../src/errors/index.ts';

const failing = (name: string): AsyncDisposable => ({
  [Symbol.asyncDispose]: async () => {
    throw new Error(name);
  },
});

async function thrownBy(work: () => Promise<void>): Promise<unknown> {
  return await work().catch((error: unknown) => error);
}

test('the first of several failures that follow from each other is reported', async () => {
  const error = await thrownBy(async () => {
    await using _last = failing('last');
    await using _second = failing('second');
    throw new Error('first');
  });
  assert.ok(error instanceof SuppressedError);
  assert.equal((firstCause(error) as Error).message, 'first');
});

test('without an earlier failure, the first failure of closing is reported', async () => {
  const error = await thrownBy(async () => {
    await using _last = failing('last');
    await using _first = failing('first');
  });
  assert.equal((firstCause(error) as Error).message, 'first');
});

test('anything else stays as it is', () => {
  for (const error of [new Error('x', { cause: new Error('y') }), 'text', undefined, null]) {
    assert.equal(firstCause(error), error);
  }
});
