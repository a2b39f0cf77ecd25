import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRunState } from '../../../src/store/run-state.ts';

test('run state is named by the path of its store: eight hex digits, the same each time', () => {
  const nameOf = (root: string): string => chooseRunState(root, { XDG_RUNTIME_DIR: '/tmp' }).split('/').at(-1) ?? '';
  assert.match(nameOf('/var/lib/strata'), /^[0-9a-f]{8}$/);
  assert.equal(nameOf('/var/lib/strata'), nameOf('/var/lib/strata'));
  const names = Array.from({ length: 1000 }, (_, at) => nameOf(`/tmp/store-${at}`));
  assert.equal(new Set(names).size, names.length);
});
