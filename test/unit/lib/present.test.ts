import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '../../../src/lib/present.ts';

test('fields that are undefined are left out, all others stay in their order', () => {
  const some = { z: 1, a: undefined as number | undefined, n: null, f: false, e: '' };
  assert.deepEqual(Object.entries(present(some)), [
    ['z', 1],
    ['n', null],
    ['f', false],
    ['e', ''],
  ]);
});
