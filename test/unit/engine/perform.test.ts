import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Operation } from '../../../src/engine/operation.ts';
import { perform, toRejection } from '../../../src/engine/perform.ts';
import { isStrataError, StrataError } from '../../../src/errors/index.ts';
import { invariant } from '../../../src/lib/invariant.ts';

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

test('an abort rejects with the reason of its signal, even if closing fails', async () => {
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

test("an abort is the signal's reason also where Node or another error wraps it", async () => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  const isReason = (error: unknown): boolean => error === reason;
  await assert.rejects(
    perform(() => sleep(60_000, undefined, { signal }), { signal }),
    isReason,
  );
  const wrapped = new StrataError({ code: 'ERR_INPUT_FAILED', message: 'input: enough', cause: reason });
  assert.equal(toRejection(wrapped, { signal }), reason);
  const other = new StrataError({ code: 'ERR_EXEC', message: 'x' });
  assert.equal(toRejection(other, { signal }), other);
});

test('an unforeseen failure is an internal error that says where to report it', async () => {
  const faults: readonly [() => unknown, RegExp][] = [
    [() => (undefined as unknown as Error).message, /^internal error: Cannot read properties of undefined/],
    [() => invariant(false, 'one is one'), /^internal error: invariant broken: one is one$/],
    // A thrown value may be no Error.
    [() => Promise.reject('text' as unknown as Error), /^internal error: text$/],
  ];
  for (const [fault, message] of faults) {
    await assert.rejects(perform(fault), (error) => {
      assert.ok(isStrataError(error, 'ERR_INTERNAL'));
      assert.match(error.message, message);
      assert.match(error.hint ?? '', /report it/);
      return error.kind === 'internal' && error.cause !== undefined;
    });
  }
});
