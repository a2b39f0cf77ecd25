import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY } from '../../../src/sys/constants.ts';
import { SyscallError } from '../../../src/sys/errno.ts';
import { closeFd, openAt } from '../../../src/sys/fs-at.ts';
import { listFd } from '../../../src/sys/list-at.ts';
import { unmount } from '../../../src/sys/mount.ts';
import { attachMount, FilesystemContext } from '../../../src/sys/mount-fd.ts';
import { mountAt, mountDetached } from '../../../src/sys/mount-list.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';
import { overlayByClone } from '../../../src/sys/overlay-by-clone.ts';
import { overlayByContext } from '../../../src/sys/overlay-by-context.ts';
import { overlayByDescriptors, overlayByHelper } from '../../../src/sys/overlay-by-descriptors.ts';
import { mountOverlay, mountOverlayDetached } from '../../../src/sys/overlay-mount.ts';
import type { OverlayMount } from '../../../src/sys/overlay-options.ts';
import { overlaySupport } from '../../../src/sys/overlay-support.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { statAt } from '../../../src/sys/stat.ts';
import { getXattrAt, setXattrAt } from '../../../src/sys/xattr.ts';
import { needs } from '../../helpers/needs.ts';
import { mountDirectory, mountsAt } from './mount-directory.ts';
import { openDescriptors } from './scratch-directory.ts';
import { throwsErrno } from './throws-errno.ts';

const hasPlus = overlaySupport().lowerDirPlus;

interface Stack {
  readonly path: string;
  readonly target: string;
  readonly spec: OverlayMount & { readonly upperDir: string; readonly workDir: string };
}

/**
 * Creates layers `0` (nearest) to `count - 1`, each with a file `at-N`, and a `shared` with the number of its layer.
 */
function stack(context: TestContext, count: number, folder = '.'): Stack {
  const path = join(mountDirectory(context), folder);
  const lowerDirs = Array.from({ length: count }, (_, i) => join(path, String(i)));
  for (const name of ['upper', 'work', 'target']) mkdirSync(join(path, name), { recursive: true });
  for (const [i, directory] of lowerDirs.entries()) {
    mkdirSync(directory);
    writeFileSync(join(directory, `at-${i}`), '');
    writeFileSync(join(directory, 'shared'), String(i));
  }
  return {
    path,
    target: join(path, 'target'),
    spec: { lowerDirs, upperDir: join(path, 'upper'), workDir: join(path, 'work') },
  };
}

function openAll(spec: OverlayMount): number[] {
  const directories = [...spec.lowerDirs, spec.upperDir ?? [], spec.workDir ?? []].flat();
  return directories.map((directory) => openAt(AT_FDCWD, directory, O_PATH | O_DIRECTORY));
}

function byHelper(spec: OverlayMount, target: string): void {
  const fds = openAll(spec);
  try {
    overlayByHelper(spec, target, fds);
  } finally {
    fds.forEach(closeFd);
  }
}

function byContext(spec: OverlayMount, target: string): void {
  const fd = overlayByContext(spec);
  attachMount(fd, AT_FDCWD, target);
  closeFd(fd);
}

const ways: readonly (readonly [string, (spec: OverlayMount, target: string) => void, string | false])[] = [
  ['as chosen', mountOverlay, false],
  ['by lowerdir+', byContext, !hasPlus && 'before Linux 6.8'],
  ['by descriptors', overlayByDescriptors, false],
  ['by a helper', byHelper, needs('mount')],
];

for (const [how, mountBy, skipWay] of ways) {
  describe(`overlays ${how}`, { skip: needs('root', 'overlay') || skipWay }, () => {
    test('show the nearest layer, take changes, and keep the pinned options', (context) => {
      const { spec, target } = stack(context, 3);
      const before = openDescriptors();
      mountBy(spec, target);
      assert.equal(openDescriptors(), before);
      assert.equal(readFileSync(join(target, 'shared'), 'latin1'), '0');
      assert.deepEqual(readdirSync(target).sort(), ['at-0', 'at-1', 'at-2', 'shared']);
      unlinkSync(join(target, 'at-2'));
      writeFileSync(join(target, 'new'), 'x');
      const options = mountsAt(target)[0]?.superOptions ?? '';
      assert.match(options, /redirect_dir=nofollow/);
      assert.doesNotMatch(options, /index=on|metacopy=on|volatile/);
      unmount(target);
      assert.deepEqual(readdirSync(spec.upperDir).sort(), ['at-2', 'new']);
      const upper = openAt(AT_FDCWD, spec.upperDir, O_PATH);
      const whiteout = statAt(upper, 'at-2');
      closeFd(upper);
      assert.deepEqual([whiteout.type, whiteout.nodeMajor, whiteout.nodeMinor], ['character-device', 0, 0]);
    });

    test('are read-only without an upper, or when requested', (context) => {
      const { spec, target } = stack(context, 2);
      mountBy({ lowerDirs: spec.lowerDirs }, target);
      assert.deepEqual(readdirSync(target).sort(), ['at-0', 'at-1', 'shared']);
      throwsErrno('EROFS', () => writeFileSync(join(target, 'new'), ''));
      unmount(target);
      mountBy({ ...spec, readOnly: true }, target);
      throwsErrno('EROFS', () => writeFileSync(join(target, 'new'), ''));
      unmount(target);
    });

    for (const folder of [
      'co:lon',
      'com,ma',
      'back\\slash',
      'space and\nnewline',
      'l'.repeat(200) + '/' + 'm'.repeat(200),
    ]) {
      test(`take a folder such as ${JSON.stringify(folder.slice(0, 20))}`, (context) => {
        const { spec, target } = stack(context, 2, folder);
        mountBy(spec, target);
        assert.deepEqual(readdirSync(target).sort(), ['at-0', 'at-1', 'shared']);
        writeFileSync(join(target, 'new'), '');
        unmount(target);
        assert.deepEqual(readdirSync(spec.upperDir), ['new']);
      });
    }
  });
}

describe('overlay mounts', { skip: needs('root', 'overlay') }, () => {
  test('500 layers are stacked in every way, 501 are refused by Strata and by the kernel', (context) => {
    const { spec: tooMany, target } = stack(context, 501);
    const spec = { ...tooMany, lowerDirs: tooMany.lowerDirs.slice(0, 500) };
    for (const [how, mountBy, skip] of ways) {
      if (skip !== false) continue;
      mountBy(spec, target);
      assert.equal(readdirSync(target).length, 501, how);
      assert.equal(readFileSync(join(target, 'shared'), 'latin1'), '0');
      unmount(target);
    }
    for (const refuse of [() => mountOverlay(tooMany, target), () => mountOverlayDetached(tooMany)]) {
      assert.throws(refuse, (error) => {
        assert.ok(isStrataError(error, 'ERR_OVERLAY_TOO_MANY_LAYERS'));
        assert.match(error.message, /501 layers.*500/);
        return true;
      });
    }
    if (!hasPlus) return;
    assert.throws(
      () => overlayByContext(tooMany),
      (error) => error instanceof SyscallError && /too many lower directories, limit is 500/.test(error.message),
    );
  });

  test('one layer without an upper is bound', (context) => {
    const { spec, target } = stack(context, 1);
    mountOverlay({ lowerDirs: spec.lowerDirs }, target);
    assert.notEqual(mountsAt(target)[0]?.type, 'overlay');
    assert.deepEqual(readdirSync(target).sort(), ['at-0', 'shared']);
    throwsErrno('EROFS', () => writeFileSync(join(target, 'new'), ''));
    unmount(target);
  });

  test('a volatile upper is not mounted twice by mistake', {
    skip: !overlaySupport().volatile && 'before Linux 5.10',
  }, (context) => {
    const { spec, target } = stack(context, 1);
    mountOverlay({ ...spec, volatile: true }, target);
    assert.match(mountsAt(target)[0]?.superOptions ?? '', /volatile/);
    writeFileSync(join(target, 'new'), '');
    unmount(target);
    for (const volatile of [true, false]) {
      assert.throws(
        () => mountOverlay({ ...spec, volatile }, target),
        (error) => isStrataError(error, 'ERR_OVERLAY_NOT_SYNCED'),
      );
    }
    rmSync(join(spec.workDir, 'work/incompat'), { recursive: true });
    mountOverlay(spec, target);
    assert.ok(existsSync(join(target, 'new')));
    unmount(target);
  });

  test('marks can be user attributes', { skip: !overlaySupport().userXattr && 'before Linux 5.11' }, (context) => {
    const { path, spec, target } = stack(context, 2);
    mkdirSync(join(path, '1/d'));
    writeFileSync(join(path, '1/d/hidden'), '');
    mkdirSync(join(path, '0/d'));
    setXattrAt(AT_FDCWD, join(path, '0/d'), 'user.overlay.opaque', Buffer.from('y'));
    mountOverlay({ ...spec, userXattr: true }, target);
    assert.deepEqual(readdirSync(join(target, 'd')), []);
    rmSync(join(target, 'd'), { recursive: true });
    mkdirSync(join(target, 'd'));
    unmount(target);
    const mark = getXattrAt(AT_FDCWD, join(spec.upperDir, 'd'), 'user.overlay.opaque');
    assert.equal(Buffer.from(mark ?? []).toString(), 'y');
  });

  test('a missing directory is named, and nothing stays mounted or open', (context) => {
    const { path, spec, target } = stack(context, 2);
    const before = openDescriptors();
    const lowerDirs = [join(path, 'missing'), ...spec.lowerDirs];
    throwsErrno('ENOENT', () => mountOverlay({ lowerDirs }, target));
    throwsErrno('ENOENT', () => overlayByDescriptors({ lowerDirs }, target));
    throwsErrno('ENOENT', () => mountOverlay(spec, join(path, 'missing')));
    throwsErrno('ENOENT', () => overlayByDescriptors(spec, join(path, 'missing')));
    assert.throws(
      () => byHelper(spec, join(path, 'missing')),
      (error) => isStrataError(error, 'ERR_PROGRAM_FAILED') && error.message.includes('mount point does not exist'),
    );
    assert.throws(() => mountOverlay({ lowerDirs: [] }, target), /invariant/);
    assert.throws(() => mountOverlay({ lowerDirs, upperDir: spec.upperDir }, target), /invariant/);
    assert.deepEqual(mountsAt(target), []);
    assert.equal(openDescriptors(), before);
  });

  test('a description is mounted attached or detached', { skip: !hasPlus && 'before Linux 6.8' }, (context) => {
    const { path, spec, target } = stack(context, 2);
    const before = openDescriptors();
    const overlay = { type: 'overlay', source: '', readOnly: false, overlay: spec } as const;
    mountAt([overlay], target);
    writeFileSync(join(target, 'new'), '');
    unmount(target);
    mountAt([{ type: 'bind', source: spec.upperDir, readOnly: true }], target);
    assert.deepEqual(readdirSync(target), ['new']);
    throwsErrno('EROFS', () => writeFileSync(join(target, 'other'), ''));
    unmount(target);
    for (const [description, count] of [
      [overlay, 4],
      [{ type: 'bind', source: path, readOnly: false }, 5],
    ] as const) {
      const fd = mountDetached([description]);
      assert.deepEqual(mountsAt(target), []);
      const directory = openAt(fd, '.', O_RDONLY | O_DIRECTORY);
      assert.equal(listFd(directory).length, count);
      closeFd(directory);
      closeFd(fd);
    }
    assert.equal(openDescriptors(), before);
  });
});

test('support is read from the kernel without a mount', { skip: needs('root', 'overlay') }, () => {
  assert.equal(overlaySupport().available, true);
  assert.equal(overlaySupport(), overlaySupport());
  using context = new FilesystemContext('overlay');
  if (hasPlus) context.set('lowerdir+', '/');
});

describe('overlays held by a descriptor, as before Linux 6.8', { skip: needs('root', 'overlay', 'mount') }, () => {
  test('are in no list of mounts, take changes, and go with the descriptor', (context) => {
    const { spec } = stack(context, 3);
    const before = openDescriptors();
    const fd = overlayByClone(spec);
    const path = `/proc/self/fd/${fd}`;
    assert.deepEqual(
      readMountInfo().filter(({ superOptions }) => superOptions.includes(spec.upperDir)),
      [],
    );
    assert.deepEqual(readdirSync(path).sort(), ['at-0', 'at-1', 'at-2', 'shared']);
    unlinkSync(join(path, 'at-2'));
    const tree = RootedTree.open(path);
    const { fd: directory, name } = tree.parent('deep/er/new', { mode: 0o755 });
    closeFd(openAt(directory, name, O_CREAT | O_WRONLY, 0o644));
    assert.equal(Buffer.from(tree.pathOf(directory)).toString(), 'deep/er');
    tree.close();
    closeFd(fd);
    assert.equal(openDescriptors(), before);
    assert.deepEqual(readdirSync(spec.upperDir).sort(), ['at-2', 'deep']);
  });

  test('can be attached later, and then stay there', (context) => {
    const { spec, target } = stack(context, 2);
    const fd = overlayByClone(spec);
    attachMount(fd, AT_FDCWD, target);
    closeFd(fd);
    assert.equal(mountsAt(target).length, 1);
    writeFileSync(join(target, 'new'), '');
    assert.deepEqual(readdirSync(spec.upperDir), ['new']);
    unmount(target);
  });

  test('can have 300 layers, more than one page of options names', (context) => {
    const { spec } = stack(context, 300);
    const fd = overlayByClone({ lowerDirs: spec.lowerDirs });
    assert.ok(existsSync(`/proc/self/fd/${fd}/at-299`));
    closeFd(fd);
  });
});
