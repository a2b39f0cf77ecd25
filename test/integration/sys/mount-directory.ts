import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { unmountIfMounted } from '../../../src/sys/mount.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';

/** Creates a temporary directory to mount in; all mounts below are removed with it. */
export function mountDirectory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-sys-'));
  context.after(() => {
    for (const { mountPoint } of readMountInfo().reverse()) {
      if (Buffer.from(mountPoint).toString('latin1').startsWith(`${path}/`))
        unmountIfMounted(mountPoint, { lazy: true });
    }
    rmSync(path, { recursive: true });
  });
  return path;
}

/** Returns the mounts of this thread's namespace at a path, the topmost last. */
export const mountsAt = (path: string): ReturnType<typeof readMountInfo> =>
  readMountInfo().filter(({ mountPoint }) => Buffer.from(mountPoint).equals(Buffer.from(path)));
