import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeFd } from '../../src/sys/fs-at.ts';
import { unmount } from '../../src/sys/mount.ts';
import { type Mount, mountAt, mountDetached } from '../../src/sys/mount-list.ts';
import type { MountedTree } from '../../src/testing/index.ts';

/** Mounts what a snapshotter describes where nobody else sees it; gone with this process at the latest. */
export async function mountHidden(mounts: readonly Mount[]): Promise<MountedTree> {
  const fd = mountDetached(mounts);
  // Not /proc/self: programs that a test starts go there too.
  return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.asyncDispose]: async () => closeFd(fd) };
}

/** Mounts what a snapshotter describes in a new folder. */
export async function mountAttached(mounts: readonly Mount[]): Promise<MountedTree> {
  const path = mkdtempSync(join(tmpdir(), 'strata-mounted-'));
  mountAt(mounts, path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      unmount(path);
      rmdirSync(path);
    },
  };
}
