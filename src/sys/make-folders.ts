import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errno.ts';

/**
 * Makes a folder and those above it that are missing. Idempotent; throws what mkdir(2) says. Node's own `recursive` never
 * comes back (up to version 24 at least) where a parent is there but holds nothing new: under /proc, or below a symlink
 * that leads nowhere.
 */
export function makeFolders(path: string, mode: number): void {
  if (isFolder(path)) return;
  try {
    mkdirSync(path, mode);
  } catch (error) {
    const errno = errnoOf(error);
    // Made by somebody else meanwhile.
    if (errno === 'EEXIST' && isFolder(path)) return;
    const parent = dirname(path);
    if (errno !== 'ENOENT' || parent === path || isFolder(parent)) throw error;
    makeFolders(parent, mode);
    makeFolders(path, mode);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
