import { closeSync, openSync } from 'node:fs';
import { errnoOf } from '../../../sys/errno.ts';
import { tryLockFile } from '../../../sys/flock.ts';

/** Somebody holds the file's lock; false also when there is no such file. Those who only look do not see each other. */
export function isLocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    return !tryLockFile(fd, 'shared');
  } finally {
    closeSync(fd);
  }
}
