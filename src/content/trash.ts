import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../sys/errno.ts';
import { randomHex } from '../sys/random-hex.ts';

/**
 * Renames a file or directory into the store's trash, where no name means anything any more. Both lie on one filesystem.
 * Idempotent: answers whether there was something to move.
 */
export function moveToTrash(path: string, trashDirectory: string, label: string): boolean {
  try {
    renameSync(path, join(trashDirectory, `${label}-${randomHex(8)}`));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
