import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bindDetached, bindMount } from '../../../src/sys/bind-mount.ts';
import { AT_FDCWD, O_CREAT, O_RDONLY, O_WRONLY } from '../../../src/sys/constants.ts';
import { errnoOf, SyscallError } from '../../../src/sys/errno.ts';
import { closeFd, openAt } from '../../../src/sys/fs-at.ts';
import {
  MS_NODEV,
  MS_NOSUID,
  MS_PRIVATE,
  mount,
  setPropagation,
  unmount,
  unmountIfMounted,
} from '../../../src/sys/mount.ts';
import {
  attachMount,
  cloneMount,
  FilesystemContext,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_RDONLY,
  setMountAttributes,
} from '../../../src/sys/mount-fd.ts';
import { needs } from '../../helpers/needs.ts';
import { mountDirectory, mountsAt } from './mount-directory.ts';
import { openDescriptors } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

describe('mounts', { skip: needs('root') }, () => {
  test('mount and umount2 with flags and options', (context) => {
    const target = join(mountDirectory(context), 'a b\\c');
    mkdirSync(target);
    mount({ source: 'strata', target, type: 'tmpfs', flags: MS_NOSUID | MS_NODEV, data: 'size=65536,mode=700' });
    const [mounted, ...more] = mountsAt(target);
    assert.equal(more.length, 0);
    assert.equal(Buffer.from(mounted?.source ?? []).toString(), 'strata');
    assert.match(mounted?.options ?? '', /nosuid,nodev/);
    assert.match(mounted?.superOptions ?? '', /size=64k/);
    assert.equal(statSync(target).mode & 0o777, 0o700);
    const file = openSync(join(target, 'file'), 'w');
    throwsErrno('EBUSY', () => unmount(target));
    unmount(target, { lazy: true });
    closeSync(file);
    throwsErrno('EINVAL', () => unmount(target));
    unmountIfMounted(target);
    unmountIfMounted(`${target}/missing`);
    throwsErrno('ENODEV', () => mount({ source: 'x', target, type: 'nonsense' }));
    throwsErrno('ENOENT', () => mount({ source: 'x', target: `${target}/missing`, type: 'tmpfs' }));
    throwsErrno('E2BIG', () => mount({ source: 'x', target, type: 'tmpfs', data: 'x'.repeat(4096) }));
  });

  test('an unmount follows no symlink', (context) => {
    const path = mountDirectory(context);
    mkdirSync(join(path, 'm'));
    symlinkSync('m', join(path, 'link'));
    mount({ source: 'x', target: join(path, 'm'), type: 'tmpfs' });
    throwsErrno('EINVAL', () => unmount(join(path, 'link')));
    unmount(join(path, 'm'));
  });

  test('a private mount shares nothing', (context) => {
    const target = join(mountDirectory(context), 'm');
    mkdirSync(target);
    mount({ source: 'x', target, type: 'tmpfs' });
    setPropagation(target, MS_PRIVATE);
    assert.deepEqual(mountsAt(target)[0]?.propagation, []);
    throwsErrno('EINVAL', () => setPropagation(join(target, '..'), MS_PRIVATE));
  });

  test('a filesystem is created detached and attached, or removed with its descriptor', (context) => {
    const target = join(mountDirectory(context), 'm');
    mkdirSync(target);
    const before = openDescriptors();
    let fd: number;
    {
      using filesystem = new FilesystemContext('tmpfs');
      filesystem.set('size', '65536');
      filesystem.set('source', 'out of sight');
      fd = filesystem.mount(MOUNT_ATTR_NOEXEC);
    }
    closeFd(openAt(fd, 'file', O_CREAT | O_WRONLY, 0o644));
    assert.deepEqual(mountsAt(target), []);
    attachMount(fd, AT_FDCWD, target);
    assert.match(mountsAt(target)[0]?.options ?? '', /noexec/);
    assert.ok(statSync(join(target, 'file')).isFile());
    throwsErrno('EBUSY', () => unmount(target));
    closeFd(fd);
    unmount(target);
    assert.equal(openDescriptors(), before);
    throwsErrno('EBADF', () => attachMount(fd, AT_FDCWD, target));
  });

  test("errors have the kernel's own message", () => {
    const before = openDescriptors();
    using filesystem = new FilesystemContext('tmpfs');
    assert.throws(
      () => filesystem.set('nonsense', 'value'),
      (error) => {
        assert.ok(error instanceof SyscallError);
        assert.equal(error.message, "fsconfig tmpfs nonsense value: EINVAL (tmpfs: Unknown parameter 'nonsense')");
        return errnoOf(error) === 'EINVAL';
      },
    );
    throwsErrno('EINVAL', () => filesystem.set('size', 'x'.repeat(256)));
    throwsErrno('EINVAL', () => filesystem.setFlag('nonsense'));
    throwsErrno('ENODEV', () => new FilesystemContext('nonsense'));
    assert.equal(openDescriptors(), before + 1);
  });

  test('bind mounts are read-only from their first moment, with the mounts below', (context) => {
    const path = mountDirectory(context);
    for (const name of ['from/below', 'to']) mkdirSync(join(path, name), { recursive: true });
    const [from, to] = [join(path, 'from'), join(path, 'to')];
    writeFileSync(join(from, 'file'), 'bound');
    mount({ source: 'x', target: join(from, 'below'), type: 'tmpfs' });
    writeFileSync(join(from, 'below/deep'), '');

    bindMount(from, to);
    writeFileSync(join(to, 'new'), '');
    throwsErrno('ENOENT', () => statSync(join(to, 'below/deep')));
    unmount(to);

    bindMount(from, to, { readOnly: true, recursive: true });
    assert.equal(readFileSync(join(to, 'file'), 'latin1'), 'bound');
    throwsErrno('EROFS', () => writeFileSync(join(to, 'other'), ''));
    throwsErrno('EROFS', () => writeFileSync(join(to, 'below/deep'), ''));
    writeFileSync(join(from, 'other'), '');
    unmount(join(to, 'below'));
    unmount(to);

    writeFileSync(join(path, 'file'), '');
    bindMount(join(from, 'file'), join(path, 'file'), { readOnly: true });
    assert.equal(readFileSync(join(path, 'file'), 'latin1'), 'bound');
    throwsErrno('ENOENT', () => bindMount(join(path, 'missing'), to));
  });

  test('attributes of a detached mount are set and cleared', (context) => {
    const path = mountDirectory(context);
    const before = openDescriptors();
    const fd = bindDetached(path, { readOnly: true });
    throwsErrno('EROFS', () => openAt(fd, 'file', O_CREAT | O_WRONLY, 0o644));
    setMountAttributes(fd, { clear: MOUNT_ATTR_RDONLY, propagation: MS_PRIVATE, recursive: true });
    closeFd(openAt(fd, 'file', O_CREAT | O_WRONLY, 0o644));
    throwsErrno('EINVAL', () => setMountAttributes(fd, { set: 1 << 30 }));
    closeFd(fd);
    throwsErrno('EBADF', () => setMountAttributes(fd, { set: MOUNT_ATTR_RDONLY }));
    const plain = openAt(AT_FDCWD, path, O_RDONLY);
    const clone = cloneMount(plain, '.');
    closeFd(openAt(clone, 'file', O_RDONLY));
    closeFd(clone);
    closeFd(plain);
    throwsErrno('ENOENT', () => cloneMount(AT_FDCWD, join(path, 'missing')));
    assert.equal(openDescriptors(), before);
  });
});
