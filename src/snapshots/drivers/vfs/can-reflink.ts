import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryReflink } from '../../../sys/copy.ts';

/**
 * Returns true when files in this directory can share their blocks, tried with two small ones. Creates a missing
 * directory.
 */
export function canReflink(directory: string): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(join(directory, '.reflink-'));
  try {
    writeFileSync(join(scratch, 'from'), 'x');
    const fromFd = openSync(join(scratch, 'from'), 'r');
    const toFd = openSync(join(scratch, 'to'), 'wx');
    try {
      return tryReflink(fromFd, toFd);
    } finally {
      closeSync(fromFd);
      closeSync(toFd);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
