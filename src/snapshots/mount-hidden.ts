import { readlinkSync } from 'node:fs';
import { closeFd } from '../sys/fs-at.ts';
import { type Mount, mountDetached } from '../sys/mount-list.ts';
import type { SnapshotTree } from './types.ts';

/**
 * Mounts the list of a driver in a mount that no other process sees, until disposal; it ends with this process at the
 * latest. No device opens in it. A driver uses it to read a snapshot that it is still creating, which its `mounts` does
 * not show yet. Throws ERR_MOUNT_TYPE_UNKNOWN, and the kernel's errors.
 */
export async function mountHidden(mounts: readonly Mount[]): Promise<SnapshotTree> {
  // Not /proc/self, which differs in a program that is started; not process.pid, which differs in another PID
  // namespace.
  const self = readlinkSync('/proc/self');
  const fd = mountDetached(mounts);
  // The dot leads into the mount where symlinks are not followed.
  return { path: `/proc/${self}/fd/${fd}/.`, [Symbol.asyncDispose]: async () => closeFd(fd) };
}
