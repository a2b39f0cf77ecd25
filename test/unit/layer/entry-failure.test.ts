import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { entryFailure } from '../../../src/layer/apply/failures.ts';
import { type Errno, errnoNumber, SyscallError } from '../../../src/sys/errno.ts';

const hintOf = (errno: Errno): string => {
  const cause = new SyscallError({ syscall: 'openat', errno: errnoNumber(errno) });
  const error = entryFailure(cause, Buffer.from('a/b'), '/');
  assert.ok(isStrataError(error));
  return error.hint ?? '';
};

test('an entry that the filesystem cannot hold does not blame the layer', () => {
  for (const errno of ['ENAMETOOLONG', 'EFBIG', 'EMLINK'] as const) assert.match(hintOf(errno), /^Choose a store/);
  for (const errno of ['ELOOP', 'ENOTDIR', 'EISDIR'] as const) assert.match(hintOf(errno), /faulty or hostile/);
});

test('a failed call keeps its own hint, and has another one without', () => {
  assert.match(hintOf('EMFILE'), /ulimit -n/);
  assert.match(hintOf('EINVAL'), /^Check the filesystem of the store/);
});
