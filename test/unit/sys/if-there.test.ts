import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { ifThere, unreachable } from '../../../src/sys/if-there.ts';

test('a missing file is undefined, and any other failure is thrown', () => {
  assert.equal(
    ifThere(() => statSync('/nowhere/at/all')),
    undefined,
  );
  assert.equal(
    ifThere(() => readFileSync('/proc/self/comm', 'utf8').length > 0),
    true,
  );
  assert.throws(() => ifThere(() => statSync('/proc/self/comm/x')), { code: 'ENOTDIR' });
  assert.equal(
    ifThere(() => statSync('/proc/self/comm/x'), unreachable),
    undefined,
  );
  const ours = new Error('ENOENT');
  assert.throws(
    () =>
      ifThere(() => {
        throw ours;
      }),
    ours,
  );
});
