import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderError } from '../../../src/cli/render/error.ts';
import { type ErrorCode, StrataError } from '../../../src/errors/index.ts';
import { SyscallError } from '../../../src/sys/errno.ts';

const refused = Object.assign(new Error('EACCES: permission denied, scandir /run/strata'), { code: 'EACCES' });
const notAllowed = new SyscallError({ syscall: 'fchown', errno: 1 });
const hinted = new StrataError({
  code: 'ERR_EXEC',
  message: 'x: y',
  hint: 'z',
  cause: refused,
});

test('a refused permission is reported as a need for root, not as an internal error', () => {
  const render = (error: Error, isRoot: boolean): string[] => renderError(error, { debug: false, isRoot }).split('\n');
  const hint = 'hint: Run this as root, or choose a store of your own with --root or STRATA_ROOT.';
  assert.deepEqual(render(refused, false), [`strata: ${refused.message}`, hint, '']);
  assert.deepEqual(render(notAllowed, false), ['strata: fchown: EPERM', hint, '']);
  assert.deepEqual(render(hinted, false), ['strata: x: y', 'hint: z', '']);
  assert.deepEqual(render(refused, true), [`strata: internal error: ${refused.message}`, '']);
  assert.deepEqual(render(notAllowed, true), ['strata: fchown: EPERM', '']);
});

test('a hint comes with what to type for it, where the library says only what to do', () => {
  const shown = (code: ErrorCode, hint: string | undefined): string | undefined =>
    renderError(new StrataError({ code, message: 'x', ...(hint === undefined ? {} : { hint }) }), {
      debug: false,
    }).split('\n')[1];
  const table: readonly (readonly [ErrorCode, string | undefined, string])[] = [
    ['ERR_CONTAINER_NOT_FOUND', 'List all.', 'hint: List all (strata ps -a).'],
    ['ERR_CONTAINER_NOT_FOUND', undefined, ''],
    [
      'ERR_STORE_READ_ONLY',
      'Mount it writable, or name another store.',
      'hint: Mount it writable, or name another store (--root or STRATA_ROOT).',
    ],
    ['ERR_STORE_READ_ONLY', 'Mount it writable.', 'hint: Mount it writable.'],
    ['ERR_EXEC', 'Try again.', 'hint: Try again.'],
  ];
  for (const [code, hint, line] of table) assert.equal(shown(code, hint), line);
  const foreign = new StrataError({ code: 'zfs:ERR_POOL', kind: 'unavailable', message: 'x', hint: 'Import it.' });
  assert.equal(renderError(foreign, { debug: false }), 'strata: x\nhint: Import it.\n');
});
