import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { whatIsFull } from '../../../src/content/disk-failure.ts';

test('a filesystem that counts nothing is not full', () => {
  assert.equal(whatIsFull('/proc'), undefined);
  assert.equal(whatIsFull(tmpdir()), undefined);
});
