import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { unmount } from '../../../src/sys/mount.ts';
import { output } from '../../helpers/needs.ts';

/** Mounts a new btrfs in a loop file until the test ends; returns the mount point. */
export function withBtrfs(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-sys-'));
  const image = join(path, 'image');
  const mounted = join(path, 'mounted');
  mkdirSync(mounted);
  writeFileSync(image, '');
  truncateSync(image, 256 * 1024 * 1024);
  output('mkfs.btrfs', '-q', '-f', image);
  output('mount', '-o', 'loop', image, mounted);
  context.after(() => {
    unmount(mounted);
    rmSync(path, { recursive: true });
  });
  return mounted;
}
