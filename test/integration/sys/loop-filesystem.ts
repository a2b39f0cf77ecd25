import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A fresh btrfs in a loop file, mounted until the test ends; answers where. */
export function withBtrfs(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-sys-'));
  const image = join(path, 'image');
  const mounted = join(path, 'mounted');
  mkdirSync(mounted);
  writeFileSync(image, '');
  truncateSync(image, 256 * 1024 * 1024);
  execFileSync('mkfs.btrfs', ['-q', '-f', image]);
  execFileSync('mount', ['-o', 'loop', image, mounted]);
  context.after(() => {
    execFileSync('umount', [mounted]);
    rmSync(path, { recursive: true });
  });
  return mounted;
}
