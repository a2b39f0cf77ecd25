import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { invariant } from '../lib/invariant.ts';
import { bindDetached, bindMount } from './bind-mount.ts';
import { AT_FDCWD } from './constants.ts';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { unmount } from './mount.ts';
import {
  attachMount,
  cloneMount,
  FilesystemContext,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_RDONLY,
  setMountAttributes,
} from './mount-fd.ts';
import { mountOverlay, mountOverlayDetached } from './overlay-mount.ts';
import type { OverlayMount } from './overlay-options.ts';
import { RootedTree } from './rooted-tree.ts';

/** Description of one mount by a storage driver, data only. */
export interface Mount {
  /** `bind`, `overlay`, or a type of filesystem that the kernel knows, such as `ext4`. */
  readonly type: string;
  /** Absolute directory for `bind`; empty for `overlay`; otherwise the source that the type needs, such as a block device. */
  readonly source: string;
  /** Directory, within the earlier mounts, to mount at. Default: their root. */
  readonly target?: string | undefined;
  /** Options of the filesystem, each `key` or `key=value`; none for `bind`. */
  readonly options?: readonly string[] | undefined;
  /** Makes this mount read-only. The filesystem itself may stay writable; `options` can make it read-only too. */
  readonly readOnly: boolean;
  /** Directories of an `overlay`, in place of options. */
  readonly overlay?: OverlayMount | undefined;
}

/** Returns the host directory that takes writes through these mounts; undefined when the root mount has its own filesystem. */
export function writableDirectoryOf(mounts: readonly Mount[]): string | undefined {
  const root = mounts.findLast(({ target }) => target === undefined);
  return root?.type === 'bind' ? root.source : root?.overlay?.upperDir;
}

/**
 * Mounts a list, in its order, at `target`, an absolute directory: all of it, or nothing.
 * @throws ERR_MOUNT_TYPE_UNKNOWN, errors of {@link mountOverlay}, and the kernel's errors
 */
export function mountAt(mounts: readonly Mount[], target: string): void {
  const [mount, second] = mounts;
  invariant(mount, 'something is mounted');
  if (second !== undefined) attachAndClose(mountStackDetached(mounts), target);
  else if (mount.overlay !== undefined) mountOverlay(overlayOf(mount, mount.overlay), target);
  else if (mount.type === 'bind') bindMount(mount.source, target, { readOnly: mount.readOnly });
  else attachAndClose(mountFilesystemDetached(mount), target);
}

/**
 * Mounts a list detached, for this program to read; see {@link mountOverlayDetached}. Opening a device in it fails (EACCES):
 * otherwise a container could replace a file, while it is read, by a device such as a watchdog, and root would open that. The
 * caller closes the descriptor.
 */
export function mountDetached(mounts: readonly Mount[]): number {
  const [mount, second] = mounts;
  invariant(mount, 'something is mounted');
  const fd = second === undefined ? mountOneDetached(mount) : mountStackDetached(mounts);
  try {
    setMountAttributes(fd, { set: MOUNT_ATTR_NODEV, recursive: second !== undefined });
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

function mountOneDetached(mount: Mount): number {
  if (mount.overlay !== undefined) return mountOverlayDetached(overlayOf(mount, mount.overlay));
  if (mount.type === 'bind') return bindDetached(mount.source, { readOnly: mount.readOnly });
  return mountFilesystemDetached(mount);
}

function overlayOf({ type, readOnly }: Mount, overlay: OverlayMount): OverlayMount {
  invariant(type === 'overlay', 'only an overlay has layers');
  return { ...overlay, readOnly };
}

function mountFilesystemDetached({ type, source, options = [], readOnly }: Mount): number {
  using context = contextOf(type);
  if (source !== '') context.set('source', source);
  for (const option of options) {
    const end = option.indexOf('=');
    if (end < 0) context.setFlag(option);
    else context.set(option.slice(0, end), option.slice(end + 1));
  }
  return context.mount(readOnly ? MOUNT_ATTR_RDONLY : 0);
}

function contextOf(type: string): FilesystemContext {
  try {
    return new FilesystemContext(type);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENODEV') throw cause;
    throw new StrataError({
      code: 'ERR_MOUNT_TYPE_UNKNOWN',
      message: `mount of type ${type}: the kernel has no such filesystem`,
      hint: 'Load the kernel module of that filesystem, or use another storage driver.',
      cause,
    });
  }
}

/**
 * Makes one detached tree of several mounts. Before Linux 6.15 nothing can be attached to a detached mount, so the tree is
 * built in a temporary folder.
 */
function mountStackDetached(mounts: readonly Mount[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'strata-mount-'));
  using cleaning = new DisposableStack();
  cleaning.defer(() => rmdirSync(folder));
  for (const mount of mounts) {
    const fd = mountOneDetached(mount);
    try {
      if (mount.target === undefined) {
        attachMount(fd, AT_FDCWD, folder);
        cleaning.defer(() => unmount(folder, { lazy: true }));
      } else {
        // The target is in files of an image, whose symlinks must not lead outside.
        using tree = RootedTree.open(folder);
        const location = tree.parent(mount.target);
        attachMount(fd, location.fd, location.name);
      }
    } finally {
      closeFd(fd);
    }
  }
  return cloneMount(AT_FDCWD, folder, { recursive: true });
}

function attachAndClose(fd: number, target: string): void {
  try {
    attachMount(fd, AT_FDCWD, target);
  } finally {
    closeFd(fd);
  }
}
