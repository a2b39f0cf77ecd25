import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './needs.ts';
import type { Hooks } from './test-file.ts';

/** Mounts a tmpfs for one test, with options such as `size=16m`, and returns its folder. Needs root. */
export function mountSmallDisk(context: Hooks, options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-small-'));
  output('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  context.after(() => {
    output('umount', folder);
    rmSync(folder, { recursive: true });
  });
  return folder;
}
