import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { Operation } from '../../../src/engine/operation.ts';
import { perform } from '../../../src/engine/perform.ts';
import { isStrataError } from '../../../src/errors/index.ts';

async function failTwice(): Promise<void> {
  await using _closing = {
    [Symbol.asyncDispose]: async () => {
      throw new Error('second');
    },
  };
  openSync('/nowhere/at/all', 'r');
}

const isFirst = (error: unknown): boolean =>
  isStrataError(error, 'ERR_SYSCALL_NOT_FOUND') && error.message === 'open /nowhere/at/all: ENOENT';

test('a verb rejects with what went wrong first, and a call of the system as an error of the library', async () => {
  await assert.rejects(perform(failTwice), isFirst);
  await assert.rejects(new Operation(failTwice).result, isFirst);
});

test('an abort stays the reason of its signal, whatever fails while things are closed', async () => {
  const { signal } = new AbortController();
  const reason = new DOMException('enough', 'AbortError');
  const operation = new Operation(
    async (_report, stop) => {
      await using _closing = {
        [Symbol.asyncDispose]: async () => {
          throw new Error('second');
        },
      };
      stop.throwIfAborted();
    },
    { signal: AbortSignal.any([signal, AbortSignal.abort(reason)]) },
  );
  await assert.rejects(operation.result, (error) => error === reason);
});
