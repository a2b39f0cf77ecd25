import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errno.ts';

/**
 * Creates a folder and the missing folders above it. Idempotent; throws the errors of mkdir(2). Node's own `recursive` loops
 * for ever (at least up to version 24) below a parent that exists but takes no new entries: /proc, or a dangling symlink.
 */
export function makeFolders(path: string, mode: number): void {
  if (isFolder(path)) return;
  try {
    mkdirSync(path, mode);
  } catch (error) {
    const errno = errnoOf(error);
    // Another process created it meanwhile.
    if (errno === 'EEXIST' && isFolder(path)) return;
    const parent = dirname(path);
    if (errno !== 'ENOENT' || parent === path || isFolder(parent)) throw error;
    makeFolders(parent, mode);
    makeFolders(path, mode);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
