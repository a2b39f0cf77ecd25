import { realpathSync } from 'node:fs';
import { type MountInfo, readMountInfo } from '../sys/mountinfo.ts';

/** The filesystem a directory lies on. */
export interface Filesystem {
  /** Such as `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
  /** For messages. */
  readonly mountPoint: string;
  /** Of the mount and of the filesystem: `ro`, `noexec`, … */
  readonly options: ReadonlySet<string>;
}

/** Undefined where the kernel does not tell. */
export function filesystemOf(directory: string): Filesystem | undefined {
  return findFilesystem(realpathSync(directory), readMountInfo());
}

/** {@link filesystemOf} for a path without symlinks and the mounts there are. */
export function findFilesystem(path: string, mounts: readonly MountInfo[]): Filesystem | undefined {
  let found: MountInfo | undefined;
  const bytes = Buffer.from(path);
  for (const mount of mounts) {
    // Of two mounts on one place the later covers the earlier.
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
