import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mount } from '../../src/snapshots/types.ts';
import { closeFd } from '../../src/sys/fs-at.ts';
import { unmount } from '../../src/sys/mount.ts';
import { mountAt, mountDetached } from '../../src/sys/mount-spec.ts';
import type { MountedTree } from '../../src/testing/index.ts';

const only = (mounts: readonly Mount[]): Mount => {
  const [mount, second] = mounts;
  if (!mount || second) throw new Error(`one mount expected, not ${mounts.length}`);
  return mount;
};

/** Mounts what a snapshotter describes where nobody else sees it; gone with this process at the latest. */
export async function mountHidden(mounts: readonly Mount[]): Promise<MountedTree> {
  const fd = mountDetached(only(mounts));
  // Not /proc/self: programs that a test starts go there too.
  return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.asyncDispose]: async () => closeFd(fd) };
}

/** Mounts what a snapshotter describes in a new folder. */
export async function mountAttached(mounts: readonly Mount[]): Promise<MountedTree> {
  const path = mkdtempSync(join(tmpdir(), 'strata-mounted-'));
  mountAt(only(mounts), path);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      unmount(path);
      rmdirSync(path);
    },
  };
}
