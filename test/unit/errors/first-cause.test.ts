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

test('of failures that follow from each other the first is told', async () => {
  const error = await thrownBy(async () => {
    await using _last = failing('last');
    await using _second = failing('second');
    throw new Error('first');
  });
  assert.ok(error instanceof SuppressedError);
  assert.equal((firstCause(error) as Error).message, 'first');
});

test('what is closed without a failure before it tells its own, the earliest first', async () => {
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
