import { closeSync, constants, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Creates a temporary directory and opens a descriptor on it, both removed after the test. */
export function scratchDirectory(context: TestContext): { path: string; fd: number } {
  const path = mkdtempSync(join(tmpdir(), 'strata-sys-'));
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  context.after(() => {
    closeSync(fd);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, fd };
}

/** Returns the number of descriptors that this process has open. */
export const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
