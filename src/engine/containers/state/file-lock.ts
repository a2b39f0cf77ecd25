import { closeSync, openSync } from 'node:fs';
import { tryLockFile } from '../../../sys/flock.ts';
import { ifThere } from '../../../sys/if-there.ts';

/** Somebody holds the file's lock; false also when there is no such file. Those who only look do not see each other. */
export function isLocked(path: string): boolean {
  const fd = ifThere(() => openSync(path, 'r'));
  if (fd === undefined) return false;
  try {
    return !tryLockFile(fd, 'shared');
  } finally {
    closeSync(fd);
  }
}
