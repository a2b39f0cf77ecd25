import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderError } from '../../../src/cli/render/error.ts';
import { StrataError } from '../../../src/errors/index.ts';
import { SyscallError } from '../../../src/sys/errno.ts';

const refused = Object.assign(new Error('EACCES: permission denied, scandir /run/strata'), { code: 'EACCES' });
const notAllowed = new SyscallError({ syscall: 'fchown', errno: 1 });
const hinted = new StrataError({
  code: 'ERR_EXEC',
  message: 'x: y',
  hint: 'z',
  cause: refused,
});

test('what a user is refused is told to need root, not to be a mistake of ours', () => {
  const render = (error: Error, isRoot: boolean): string[] => renderError(error, { debug: false, isRoot }).split('\n');
  const hint =
    'hint: This belongs to another user: run this as root, or choose a store of your own with --root or STRATA_ROOT.';
  assert.deepEqual(render(refused, false), [`strata: ${refused.message}`, hint, '']);
  assert.deepEqual(render(notAllowed, false), ['strata: fchown: EPERM', hint, '']);
  assert.deepEqual(render(hinted, false), ['strata: x: y', 'hint: z', '']);
  assert.deepEqual(render(refused, true), [`strata: internal error: ${refused.message}`, '']);
  assert.deepEqual(render(notAllowed, true), ['strata: fchown: EPERM', '']);
});
