import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { isKind, isStrataError } from '../../../src/errors/index.ts';
import { errnoName, errnoNumber, errnoOf, SyscallError } from '../../../src/sys/errno.ts';

test('every number agrees with the one Node was compiled with', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    if (name === 'EWOULDBLOCK' || name === 'ENOTSUP') continue;
    const ours = errnoName(number);
    if (ours !== undefined) assert.equal(ours, name);
  }
  assert.equal(errnoNumber('EDQUOT'), constants.errno.EDQUOT);
});

test('a syscall error carries call, name, path, and a kind of its own code', () => {
  const error = new SyscallError({ syscall: 'openat', errno: 2, path: 'etc/passwd' });
  assert.ok(isKind(error, 'not-found') && isStrataError(error, 'ERR_SYSCALL_NOT_FOUND'));
  assert.equal(error.message, 'openat etc/passwd: ENOENT');
  assert.deepEqual([error.syscall, error.errno, error.errnoName, error.path], ['openat', 2, 'ENOENT', 'etc/passwd']);
  assert.deepEqual(error.toJSON()['details'], { syscall: 'openat', errno: 'ENOENT', path: 'etc/passwd' });
});

test('a path cannot steer the terminal', () => {
  const error = new SyscallError({ syscall: 'openat', errno: 2, path: 'a\x1b[2J\n\x9bö' });
  assert.equal(error.message, 'openat a\\x1b[2J\\x0a\\x9bö: ENOENT');
});

test('kinds follow from numbers', () => {
  const table = {
    EEXIST: 'already-exists',
    ENOSPC: 'exhausted',
    EDQUOT: 'exhausted',
    EMFILE: 'exhausted',
    EACCES: 'permission-denied',
    EPERM: 'permission-denied',
    EROFS: 'failed-precondition',
    EBUSY: 'conflict',
    ENOSYS: 'unsupported',
    EIO: 'internal',
  } as const;
  for (const [name, kind] of Object.entries(table)) {
    const error = new SyscallError({ syscall: 'x', errno: errnoNumber(name as keyof typeof table) });
    assert.equal(error.kind, kind, name);
  }
  const unknown = new SyscallError({ syscall: 'x', errno: 4000, detail: 'said the kernel' });
  assert.deepEqual([unknown.kind, unknown.message], ['internal', 'x: errno 4000 (said the kernel)']);
});

test('errnoOf understands our errors, those of fs, and the numbers libuv does not know', () => {
  assert.equal(errnoOf(new SyscallError({ syscall: 'x', errno: 39 })), 'ENOTEMPTY');
  assert.throws(
    () => openSync('/nonexistent/file', 'r'),
    (error) => errnoOf(error) === 'ENOENT',
  );
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'UNKNOWN', errno: -122 })), 'EDQUOT');
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
  for (const other of [undefined, null, 'ENOENT', new Error('ENOENT'), { code: 'ERR_X' }, { errno: 'ENOENT' }]) {
    assert.equal(errnoOf(other), undefined);
  }
});
