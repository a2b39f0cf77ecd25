import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { unmountIfMounted } from '../../../src/sys/mount.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';

/** A temporary directory in which a test mounts; whatever is mounted below goes with it. */
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

/** The mounts of this thread's namespace at a path, the last on top. */
export const mountsAt = (path: string): ReturnType<typeof readMountInfo> =>
  readMountInfo().filter(({ mountPoint }) => Buffer.from(mountPoint).equals(Buffer.from(path)));
