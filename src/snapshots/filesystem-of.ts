import { realpathSync } from 'node:fs';
import { type MountInfo, readMountInfo } from '../sys/mountinfo.ts';

/** The filesystem of a directory. */
export interface Filesystem {
  /** A name such as `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  /** The mount point, for messages. */
  readonly mountPoint: string;
  /** Options of the mount and of the filesystem: `ro`, `noexec` and so on. */
  readonly options: ReadonlySet<string>;
}

/** Returns the filesystem of a directory; undefined where the kernel does not list it. */
export function filesystemOf(directory: string): Filesystem | undefined {
  return findFilesystem(realpathSync(directory), readMountInfo());
}

/** {@link filesystemOf} for a path without symlinks and a given list of mounts. */
export function findFilesystem(path: string, mounts: readonly MountInfo[]): Filesystem | undefined {
  let found: MountInfo | undefined;
  const bytes = Buffer.from(path);
  for (const mount of mounts) {
    // The later of two mounts on one mount point covers the earlier.
    if (covers(mount.mountPoint, bytes) && mount.mountPoint.length >= (found?.mountPoint.length ?? 0)) found = mount;
  }
  if (!found) return undefined;
  return {
    type: found.type,
    mountPoint: Buffer.from(found.mountPoint).toString(),
    options: new Set([...found.options.split(','), ...found.superOptions.split(',')]),
  };
}

const slash = 0x2f;

function covers(mountPoint: Uint8Array, path: Buffer): boolean {
  if (!path.subarray(0, mountPoint.length).equals(mountPoint)) return false;
  return mountPoint.at(-1) === slash || path.length === mountPoint.length || path[mountPoint.length] === slash;
}
