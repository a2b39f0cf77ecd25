import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../sys/errno.ts';
import { randomHex } from '../sys/random-hex.ts';

/**
 * Renames a file or directory into the store's trash, which is on the same filesystem. Names in the trash have no
 * meaning; `label` is for people. Idempotent: returns false when `path` does not exist.
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
