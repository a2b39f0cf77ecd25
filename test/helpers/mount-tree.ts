import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmount } from '../../src/sys/mount.ts';
import { type Mount, mountAt } from '../../src/sys/mount-list.ts';
import type { MountedTree } from '../../src/testing/index.ts';

/** Mounts a snapshotter's mounts in a new folder. */
export async function mountTree(mounts: readonly Mount[]): Promise<MountedTree> {
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
