import assert from 'node:assert/strict';
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { closeFd, mknodAt } from '../../../src/sys/fs-at.ts';
import { unmount } from '../../../src/sys/mount.ts';
import { type Mount, mountAt, mountDetached } from '../../../src/sys/mount-list.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs, output } from '../../helpers/needs.ts';
import { throwsErrno } from './throws-errno.ts';

test('a device in a detached tree does not open', { skip: needs('root', 'overlay') }, (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  for (const name of ['lower', 'upper', 'work']) mkdirSync(at(name));
  writeFileSync(at('lower/file'), 'x');
  mknodAt(AT_FDCWD, at('lower/null'), 'character-device', 0o666, 1, 3);
  closeFd(openSync(at('lower/null'), 'r'));
  const overlay = { lowerDirs: [at('lower')], upperDir: at('upper'), workDir: at('work') };
  const mounts: readonly Mount[] = [
    { type: 'bind', source: at('lower'), readOnly: true },
    { type: 'bind', source: at('lower'), readOnly: false },
    { type: 'overlay', source: '', readOnly: false, overlay },
  ];
  for (const mount of mounts) {
    const fd = mountDetached([mount]);
    try {
      assert.equal(readFileSync(`/proc/self/fd/${fd}/file`, 'utf8'), 'x');
      assert.throws(
        () => openSync(`/proc/self/fd/${fd}/null`, 'r'),
        (error) => errnoOf(error) === 'EACCES',
      );
      // An archive may still create one.
      if (!mount.readOnly) mknodAt(fd, `made-${mount.type}`, 'character-device', 0o666, 1, 3);
    } finally {
      closeFd(fd);
    }
  }
});

const memory = (options: readonly string[], readOnly = false): Mount => ({
  type: 'tmpfs',
  source: 'none',
  options,
  readOnly,
});

test('a filesystem of another type is mounted with its source and its options', { skip: needs('root') }, (t) => {
  const target = temporaryFolder(t);
  mountAt([memory(['size=1m', 'mode=711', 'huge=never'])], target);
  try {
    const found = readMountInfo().find(({ mountPoint }) => Buffer.from(mountPoint).toString() === target);
    assert.equal(found?.type, 'tmpfs');
    assert.match(found?.superOptions ?? '', /\bsize=1024k\b/);
    assert.equal(statSync(target).mode & 0o777, 0o711);
  } finally {
    unmount(target);
  }
  const fd = mountDetached([memory([], true)]);
  try {
    throwsErrno('EROFS', () => writeFileSync(`/proc/self/fd/${fd}/file`, ''));
  } finally {
    closeFd(fd);
  }
});

test('a device is mounted by its filesystem, and a flag is an option', { skip: needs('root', 'loop') }, (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, 'image');
  writeFileSync(image, '');
  truncateSync(image, 1 << 20);
  output('mkfs.ext4', '-q', image);
  const device = output('losetup', '--find', '--show', image).trim();
  t.after(() => output('losetup', '--detach', device));
  const fd = mountDetached([{ type: 'ext4', source: device, options: ['ro'], readOnly: true }]);
  try {
    assert.deepEqual(readdirSync(`/proc/self/fd/${fd}/.`), ['lost+found']);
  } finally {
    closeFd(fd);
  }
});

test('a type that the kernel does not know is an error, never a bind', { skip: needs('root') }, (t) => {
  const folder = temporaryFolder(t);
  const mount = { type: 'no-such-filesystem', source: folder, readOnly: true };
  for (const mounting of [() => mountAt([mount], folder), () => mountDetached([mount])]) {
    assert.throws(mounting, {
      code: 'ERR_MOUNT_TYPE_UNKNOWN',
      kind: 'unsupported',
      message: 'mount of type no-such-filesystem: the kernel has no such filesystem',
    });
  }
});

test('a list is mounted in its order, each mount at its target in those before', { skip: needs('root') }, (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['root', 'root/inner', 'shown', 'target']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'shown/file'), 'x');
  const list: readonly Mount[] = [
    memory([]),
    { type: 'bind', source: join(folder, 'root'), readOnly: false },
    { type: 'bind', source: join(folder, 'shown'), target: 'inner', readOnly: true },
  ];
  const isLeft = (): boolean =>
    readMountInfo().some(({ mountPoint }) => /strata-mount-/.test(Buffer.from(mountPoint).toString()));
  const before = openDescriptors();
  const fd = mountDetached(list);
  assert.equal(readFileSync(`/proc/self/fd/${fd}/inner/file`, 'utf8'), 'x');
  throwsErrno('EROFS', () => writeFileSync(`/proc/self/fd/${fd}/inner/new`, ''));
  writeFileSync(`/proc/self/fd/${fd}/new`, '');
  closeFd(fd);
  assert.equal(isLeft(), false);
  const target = join(folder, 'target');
  mountAt(list, target);
  assert.deepEqual(readdirSync(target).sort(), ['inner', 'new']);
  assert.equal(readFileSync(join(target, 'inner/file'), 'utf8'), 'x');
  unmount(target, { lazy: true });
  // A link in the tree leads nowhere outside.
  symlinkSync(folder, join(folder, 'root/link'));
  const astray = [...list.slice(1, 2), { ...list[2], target: 'link/shown' } as Mount];
  assert.throws(
    () => mountDetached(astray),
    (error) => errnoOf(error) === 'ENOENT',
  );
  assert.equal(isLeft(), false);
  assert.equal(openDescriptors(), before);
});

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
