import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChanges } from '../../../src/engine/images/apply-changes.ts';

const platform = { os: 'linux', architecture: 'amd64' };

for (const changes of [[''], ['  '], ['\n'], ['# a comment'], ['# escape=`'], ['', '# a comment']]) {
  test(`changes without an instruction are refused: ${JSON.stringify(changes)}`, () => {
    assert.throws(() => applyChanges({}, changes, platform), {
      code: 'ERR_CHANGE_INVALID',
      message: 'change: file with no instructions',
    });
  });
}

test('an empty change and a comment beside an instruction are nothing', () => {
  assert.deepEqual(applyChanges({}, ['', 'ENV A=b\n# a comment'], platform).Env, ['A=b']);
});

test('no changes change nothing', () => {
  const base = { Env: ['A=b'] };
  assert.equal(applyChanges(base, [], platform), base);
});
