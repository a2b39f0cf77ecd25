import { closeSync, openSync } from 'node:fs';
import { tryLockFile } from '../../../sys/flock.ts';
import { ifThere } from '../../../sys/if-there.ts';

/**
 * True when another process holds the file's lock. False for a missing file. Probes take a shared lock, so that they do not
 * mistake each other for a holder.
 */
export function isLocked(path: string): boolean {
  const fd = ifThere(() => openSync(path, 'r'));
  if (fd === undefined) return false;
  try {
    return !tryLockFile(fd, 'shared');
  } finally {
    closeSync(fd);
  }
}
