import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { exhaustionOf } from '../../../src/content/disk-failure.ts';

test('a filesystem that counts nothing is not full', () => {
  assert.equal(exhaustionOf('/proc'), undefined);
  assert.equal(exhaustionOf(tmpdir()), undefined);
});
