import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { AT_FDCWD, O_PATH, O_RDWR } from '../../../src/sys/constants.ts';
import { errnoNumber } from '../../../src/sys/errno.ts';
import { addressOf, lastErrno } from '../../../src/sys/ffi.ts';
import { closeFd, openAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import {
  getXattrAt,
  getXattrFd,
  listXattrsAt,
  listXattrsFd,
  removeXattrAt,
  removeXattrFd,
  setXattrAt,
  setXattrFd,
} from '../../../src/sys/xattr.ts';
import { directCalls, procCalls } from '../../../src/sys/xattr-calls.ts';
import { needs, output } from '../../helpers/needs.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
const empty = new Uint8Array();

test('attributes of a name are set, replaced, listed, read and removed', (context) => {
  const { path, fd } = scratchDirectory(context);
  const open = openDescriptors();
  writeFileSync(join(path, 'file'), '');
  assert.deepEqual(listXattrsAt(fd, 'file'), []);
  setXattrAt(fd, 'file', 'user.binary', binary);
  setXattrAt(fd, 'file', 'user.empty', empty);
  setXattrAt(fd, 'file', 'user.\xff\n', binary);
  setXattrAt(fd, 'file', 'user.\xff\n', Uint8Array.of(1));
  assert.deepEqual(listXattrsAt(fd, 'file').sort(), ['user.binary', 'user.empty', 'user.\xff\n']);
  assert.deepEqual(getXattrAt(fd, 'file', 'user.binary'), binary);
  assert.deepEqual(getXattrAt(fd, 'file', 'user.empty'), empty);
  assert.deepEqual(getXattrAt(AT_FDCWD, join(path, 'file'), 'user.\xff\n'), Uint8Array.of(1));
  assert.equal(getXattrAt(fd, 'file', 'user.missing'), undefined);
  removeXattrAt(fd, 'file', 'user.binary');
  throwsErrno('ENODATA', () => removeXattrAt(fd, 'file', 'user.binary'));
  assert.equal(getXattrAt(fd, 'file', 'user.binary'), undefined);
  for (const action of [
    () => listXattrsAt(fd, 'missing'),
    () => getXattrAt(fd, 'missing', 'user.x'),
    () => setXattrAt(fd, 'missing', 'user.x', empty),
    () => removeXattrAt(fd, 'missing', 'user.x'),
  ]) {
    throwsErrno('ENOENT', action);
  }
  throwsErrno('EOPNOTSUPP', () => setXattrAt(fd, 'file', 'nonsense.x', empty));
  assert.throws(
    () => setXattrAt(fd, 'file', 'user.a\0b', empty),
    (error) => isStrataError(error, 'ERR_PATH_HAS_NUL'),
  );
  assert.throws(() => setXattrAt(fd, 'file', 'user.中', empty), /invariant/);
  assert.equal(openDescriptors(), open);
});

test('attributes of a descriptor work alike', (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), '');
  const file = openAt(fd, 'file', O_RDWR);
  setXattrFd(file, 'user.binary', binary);
  assert.deepEqual(listXattrsFd(file), ['user.binary']);
  assert.deepEqual(getXattrFd(file, 'user.binary'), binary);
  assert.equal(getXattrFd(file, 'user.other'), undefined);
  removeXattrFd(file, 'user.binary');
  throwsErrno('ENODATA', () => removeXattrFd(file, 'user.binary'));
  assert.deepEqual(listXattrsFd(file), []);
  closeFd(file);
  throwsErrno('EBADF', () => listXattrsFd(file));
  throwsErrno('EBADF', () => getXattrFd(file, 'user.x'));
  throwsErrno('EBADF', () => setXattrFd(file, 'user.x', empty));
});

test('long names and values come back whole, longer ones are refused', (context) => {
  const { path } = scratchDirectory(context);
  const directory = openAt(AT_FDCWD, path, O_PATH);
  context.after(() => closeFd(directory));
  writeFileSync(join(path, 'file'), '');
  const wide = new Uint8Array(3000).fill(7);
  setXattrAt(directory, 'file', `user.${'n'.repeat(250)}`, wide);
  assert.deepEqual(getXattrAt(directory, 'file', `user.${'n'.repeat(250)}`), wide);
  throwsErrno('ERANGE', () => setXattrAt(directory, 'file', `user.${'n'.repeat(251)}`, wide));
  throwsErrno('E2BIG', () => setXattrAt(directory, 'file', 'user.x', new Uint8Array(65_537)));
});

test('trusted and security attributes are set, and none through a symlink', {
  skip: needs('root', 'getcap'),
}, (context) => {
  const { path, fd } = scratchDirectory(context);
  writeFileSync(join(path, 'file'), '', { mode: 0o755 });
  mkdirSync(join(path, 'd'));
  symlinkSync('file', join(path, 'link'));
  setXattrAt(fd, 'd', 'trusted.overlay.opaque', Buffer.from('y'));
  assert.deepEqual(listXattrsAt(fd, 'd'), ['trusted.overlay.opaque']);
  // cap_net_raw+ep, VFS_CAP_REVISION_2
  setXattrAt(fd, 'file', 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  assert.match(output('getcap', join(path, 'file')), /cap_net_raw=ep/);
  setXattrAt(fd, 'link', 'trusted.x', binary);
  assert.deepEqual(getXattrAt(fd, 'link', 'trusted.x'), binary);
  assert.equal(getXattrAt(fd, 'file', 'trusted.x'), undefined);
  throwsErrno('EPERM', () => setXattrAt(fd, 'link', 'user.x', binary));
});

for (const [name, calls] of [
  ['by setxattrat', directCalls],
  ['through /proc', procCalls],
] as const) {
  const skip = calls === directCalls && !hasSyscall('setxattrat') && 'Linux before 6.13';
  test(`the calls ${name} agree with the others`, { skip }, (context) => {
    const { path, fd } = scratchDirectory(context);
    const file = Uint8Array.of(0xff, 0x66);
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), file]), '');
    symlinkSync(file.join('x'), join(path, 'link'));
    const room = new Uint8Array(100);
    const address = Number(addressOf(room));
    assert.equal(calls.set(fd, file, 'user.x', Number(addressOf(binary)), 50), 0);
    assert.equal(calls.get(fd, file, 'user.x', address, 100), 50);
    assert.deepEqual(room.subarray(0, 50), binary.subarray(0, 50));
    assert.equal(calls.list(fd, file, address, 100), 'user.x'.length + 1);
    assert.deepEqual(getXattrAt(fd, file, 'user.x'), binary.subarray(0, 50));
    assert.equal(calls.remove(fd, file, 'user.x'), 0);
    assert.equal(calls.get(fd, file, 'user.x', address, 100), -1);
    assert.equal(lastErrno(), errnoNumber('ENODATA'));
    assert.equal(calls.list(fd, 'link', address, 100), 0);
    assert.equal(calls.list(AT_FDCWD, join(path, 'missing'), address, 100), -1);
    assert.equal(lastErrno(), errnoNumber('ENOENT'));
  });
}
