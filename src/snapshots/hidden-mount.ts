import { readlinkSync } from 'node:fs';
import { closeFd } from '../sys/fs-at.ts';
import { type Mount, mountDetached } from '../sys/mount-list.ts';
import type { SnapshotTree } from './types.ts';

/**
 * Mounts a list as a driver describes it where nobody sees it, for as long as what is returned is held; it goes with
 * this process at the latest. No device opens in there. A driver looks by it into what it is still making, which its
 * `mounts` does not show yet. Throws ERR_MOUNT_TYPE_UNKNOWN, and the kernel's errors.
 */
export async function mountHidden(mounts: readonly Mount[]): Promise<SnapshotTree> {
  // Not /proc/self, which is another for a program that is started; not process.pid, which need not be our number there.
  const self = readlinkSync('/proc/self');
  const fd = mountDetached(mounts);
  // The dot leads into the mount where a symlink is not followed.
  return { path: `/proc/${self}/fd/${fd}/.`, [Symbol.asyncDispose]: async () => closeFd(fd) };
}
