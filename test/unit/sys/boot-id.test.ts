import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootId } from '../../../src/sys/boot-id.ts';

test('the boot id is a UUID and stays', () => {
  assert.match(bootId(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(bootId(), bootId());
});
