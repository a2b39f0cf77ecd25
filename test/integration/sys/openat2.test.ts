import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_EXCL, O_PATH, O_RDONLY, O_WRONLY } from '../../../src/sys/constants.ts';
import { closeFd, openAt, readlinkAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import { tryOpenInRoot } from '../../../src/sys/openat2.ts';
import { lastError } from '../../../src/sys/scratch.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

makeHostReadOnly();

function openInRoot(rootFd: number, path: string, flags: number, mode = 0): number {
  const fd = tryOpenInRoot(rootFd, path, flags, mode);
  if (fd < 0) throw lastError('openat2', path);
  return fd;
}

describe('openat2', { skip: !hasSyscall('openat2') && 'Linux before 5.6' }, () => {
  test('every path stays inside', (context) => {
    const { path, fd } = scratchDirectory(context);
    const before = openDescriptors();
    mkdirSync(join(path, 'etc'));
    writeFileSync(join(path, 'etc/passwd'), 'inside');
    symlinkSync('/etc/passwd', join(path, 'absolute'));
    symlinkSync('../../../../etc/passwd', join(path, 'climbing'));
    for (const name of ['etc/passwd', '/etc/passwd', '../../etc/passwd', 'absolute', 'climbing', 'etc/../etc/passwd']) {
      const file = openInRoot(fd, name, O_RDONLY);
      assert.equal(readFileSync(file, 'latin1'), 'inside', name);
      closeFd(file);
    }
    throwsErrno('ENOENT', () => openInRoot(fd, '/etc/shadow', O_RDONLY));
    throwsErrno('ENOTDIR', () => openInRoot(fd, 'etc/passwd', O_RDONLY | O_DIRECTORY));
    throwsErrno('EBADF', () => openInRoot(9999, 'etc', O_RDONLY));
    const made = openInRoot(fd, '/etc/new', O_WRONLY | O_CREAT | O_EXCL, 0o640);
    assert.match(readFileSync(`/proc/self/fdinfo/${made}`, 'latin1'), /^flags:\s+0?2[0-7]{6}\s*$/m);
    closeFd(made);
    throwsErrno('EEXIST', () => openInRoot(fd, '/etc/new', O_WRONLY | O_CREAT | O_EXCL, 0o640));
    assert.equal(openDescriptors(), before);
  });

  test('magic links of /proc are not followed', () => {
    const root = openAt(AT_FDCWD, '/', O_PATH);
    throwsErrno('ELOOP', () => openInRoot(root, 'proc/self/root/etc', O_PATH));
    throwsErrno('ELOOP', () => openInRoot(root, 'proc/self/cwd', O_PATH));
    const self = openInRoot(root, 'proc/self', O_PATH);
    assert.equal(Buffer.from(readlinkAt(AT_FDCWD, `/proc/self/fd/${self}`)).toString(), `/proc/${process.pid}`);
    closeFd(self);
    closeFd(root);
  });
});
