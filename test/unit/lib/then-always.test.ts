import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thenAlways } from '../../../src/lib/then-always.ts';

const fails = (message: string) => (): never => {
  throw new Error(message);
};

test('the second function always runs, and the first failure is thrown', () => {
  const done: string[] = [];
  const after = (): void => void done.push('after');
  assert.equal(
    thenAlways(() => 'result', after),
    'result',
  );
  assert.throws(() => thenAlways(fails('first'), after), /^Error: first$/);
  assert.throws(() => thenAlways(fails('first'), fails('second')), /^Error: first$/);
  assert.throws(() => thenAlways(() => 'result', fails('second')), /^Error: second$/);
  assert.deepEqual(done, ['after', 'after']);
});
