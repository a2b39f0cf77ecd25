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

/** One mount as a storage driver describes it: data only. */
export interface Mount {
  /** `bind`, `overlay`, or a type of filesystem that the kernel knows, such as `ext4`. */
  readonly type: string;
  /** Absolute directory for `bind`; empty for `overlay`; otherwise what the type asks for, such as a block device. */
  readonly source: string;
  /** A directory in the mounts before it, where this one goes. Default: their root. */
  readonly target?: string | undefined;
  /** Of the filesystem, each `key` or `key=value`; none for `bind`. */
  readonly options?: readonly string[] | undefined;
  /** Nothing is written through this mount. The filesystem below may be writable: `options` can make that read-only, too. */
  readonly readOnly: boolean;
  /** For `overlay`, in place of options. */
  readonly overlay?: OverlayMount | undefined;
}

/**
 * The directory of ours that takes what is written through these mounts; undefined where they show a filesystem of their own.
 */
export function writableDirectoryOf(mounts: readonly Mount[]): string | undefined {
  const root = mounts.findLast(({ target }) => target === undefined);
  return root?.type === 'bind' ? root.source : root?.overlay?.upperDir;
}

/**
 * Mounts a list in its order at `target`, an absolute directory: all of it, or nothing. Throws ERR_MOUNT_TYPE_UNKNOWN, what
 * {@link mountOverlay} throws, and the kernel's errors.
 */
export function mountAt(mounts: readonly Mount[], target: string): void {
  const [mount, second] = mounts;
  invariant(mount, 'something is mounted');
  if (second !== undefined) attachAndClose(stackDetached(mounts), target);
  else if (mount.overlay !== undefined) mountOverlay(overlayOf(mount, mount.overlay), target);
  else if (mount.type === 'bind') bindMount(mount.source, target, { readOnly: mount.readOnly });
  else attachAndClose(filesystemDetached(mount), target);
}

/**
 * {@link mountAt} out of sight, for this program to look into; see {@link mountOverlayDetached}. No device opens
 * there (EACCES): a container that puts one in the place of a file while that is read, such as a watchdog, would have it
 * opened by root. The descriptor is the caller's.
 */
export function mountDetached(mounts: readonly Mount[]): number {
  const [mount, second] = mounts;
  invariant(mount, 'something is mounted');
  const fd = second === undefined ? oneDetached(mount) : stackDetached(mounts);
  try {
    setMountAttributes(fd, { set: MOUNT_ATTR_NODEV, recursive: second !== undefined });
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

function oneDetached(mount: Mount): number {
  if (mount.overlay !== undefined) return mountOverlayDetached(overlayOf(mount, mount.overlay));
  if (mount.type === 'bind') return bindDetached(mount.source, { readOnly: mount.readOnly });
  return filesystemDetached(mount);
}

function overlayOf({ type, readOnly }: Mount, overlay: OverlayMount): OverlayMount {
  invariant(type === 'overlay', 'only an overlay has layers');
  return { ...overlay, readOnly };
}

function filesystemDetached({ type, source, options = [], readOnly }: Mount): number {
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
 * Several mounts as one detached tree. Before Linux 6.15 nothing can be attached to a detached mount, so the tree grows in
 * a folder of its own for a moment.
 */
function stackDetached(mounts: readonly Mount[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'strata-mount-'));
  using cleaning = new DisposableStack();
  cleaning.defer(() => rmdirSync(folder));
  for (const mount of mounts) {
    const fd = oneDetached(mount);
    try {
      if (mount.target === undefined) {
        attachMount(fd, AT_FDCWD, folder);
        cleaning.defer(() => unmount(folder, { lazy: true }));
      } else {
        // Files of an image may be in the way: no link of theirs leads out.
        using tree = RootedTree.open(folder);
        const place = tree.parent(mount.target);
        attachMount(fd, place.fd, place.name);
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
