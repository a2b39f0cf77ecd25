import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { invariant } from '../lib/invariant.ts';
import { bindDetached } from './bind-mount.ts';
import { AT_FDCWD } from './constants.ts';
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { unmount } from './mount.ts';
import { attachMount } from './mount-fd.ts';
import { overlayByClone } from './overlay-by-clone.ts';
import { overlayByContext } from './overlay-by-context.ts';
import { overlayByDescriptors } from './overlay-by-descriptors.ts';
import type { OverlayMount } from './overlay-options.ts';
import { overlaySupport } from './overlay-support.ts';

/**
 * Mounts an overlay at `target`, an absolute directory. A single layer without an upper directory is bound read-only.
 * @throws ERR_OVERLAY_TOO_MANY_LAYERS; ERR_OVERLAY_NOT_SYNCED when the upper directory had a volatile mount before (its owner
 *   decides whether it is still valid, and removes `work/incompat` in the work directory); the kernel's errors
 */
export function mountOverlay(spec: OverlayMount, target: string): void {
  check(spec);
  if (isBind(spec) || overlaySupport().lowerDirPlus) attachAndClose(mountOverlayDetached(spec), target);
  else {
    explainVolatile(spec, () => overlayByDescriptors(spec, target));
    try {
      checkWritable(spec, target);
    } catch (error) {
      unmount(target);
      throw error;
    }
  }
}

/** Makes a detached overlay. Its mount ends when the last copy of the returned descriptor is closed. */
export function mountOverlayDetached(spec: OverlayMount): number {
  check(spec);
  const [only] = spec.lowerDirs;
  if (isBind(spec) && only !== undefined) return bindDetached(only, { readOnly: true });
  const make = overlaySupport().lowerDirPlus ? overlayByContext : overlayByClone;
  const fd = explainVolatile(spec, () => make(spec));
  try {
    checkWritable(spec, `/proc/self/fd/${fd}`);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

/**
 * Throws ENOSPC for an overlay that the kernel mounted read-only because it could not create its folder in the work directory,
 * which only its log reports. Later writes would fail with EROFS.
 */
function checkWritable({ upperDir, workDir, readOnly }: OverlayMount, mounted: string): void {
  if (upperDir === undefined || readOnly === true) return;
  try {
    accessSync(mounted, constants.W_OK);
  } catch (error) {
    if (errnoOf(error) !== 'EROFS') throw error;
    throw new SyscallError({ syscall: 'mount', errno: errnoNumber('ENOSPC'), path: workDir });
  }
}

const isBind = (spec: OverlayMount): boolean => spec.upperDir === undefined && spec.lowerDirs.length === 1;

function attachAndClose(mountFd: number, target: string): void {
  try {
    attachMount(mountFd, AT_FDCWD, target);
  } finally {
    closeFd(mountFd);
  }
}

/** Limit of the kernel, OVL_MAX_STACK. */
const maxLowerDirs = 500;

function check(spec: OverlayMount): void {
  const { lowerDirs, upperDir, workDir } = spec;
  invariant(lowerDirs.length > 0, 'an overlay has a lower directory');
  invariant((upperDir === undefined) === (workDir === undefined), 'upper and work directory come together');
  if (lowerDirs.length <= maxLowerDirs) return;
  throw new StrataError({
    code: 'ERR_OVERLAY_TOO_MANY_LAYERS',
    message: `overlay mount: ${lowerDirs.length} layers, the kernel stacks ${maxLowerDirs} at most`,
    hint: 'Merge some of the layers into one, or use a storage driver that copies instead of stacking.',
  });
}

/** Runs `action`; throws ERR_OVERLAY_NOT_SYNCED when it fails because of an earlier volatile mount. */
function explainVolatile<Result>(spec: OverlayMount, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    const wasVolatile = spec.workDir !== undefined && existsSync(join(spec.workDir, 'work/incompat/volatile'));
    if (!wasVolatile || errnoOf(cause) !== 'EINVAL') throw cause;
    throw new StrataError({
      code: 'ERR_OVERLAY_NOT_SYNCED',
      message: `overlay upper ${spec.upperDir}: was mounted volatile before, so it may lack what a crash has lost`,
      hint: 'Discard its content, and repeat the work that wrote it.',
      cause,
    });
  }
}
