import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { exhaustionOf } from '../content/disk-failure.ts';
import { errnoOf } from '../sys/errno.ts';
import { reservePathOf } from './space-reserve.ts';

/** Reasons why SQLite cannot use a store's files; `files`: too many are open, `bytes` and `inodes`: none are free. */
export type StoreFault = 'read-only' | 'refused' | 'missing' | 'files' | 'broken' | 'bytes' | 'inodes';

const faults: Readonly<Record<string, StoreFault>> = {
  EROFS: 'read-only',
  EACCES: 'refused',
  EPERM: 'refused',
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EMFILE: 'files',
  ENFILE: 'files',
  EIO: 'broken',
  EUCLEAN: 'broken',
};

/**
 * True when the folder of the database at `path` exists on a read-only filesystem, where SQLite opens files all the
 * same.
 */
export function isReadOnly(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EROFS';
  }
}

/**
 * Finds the reason why the database at `path` cannot be opened or written, which SQLite does not give; undefined if
 * none.
 */
export function findStoreFault(path: string): StoreFault | undefined {
  const folder = dirname(path);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    // Not the database itself: closing it would drop SQLite's locks.
    const reserve = reservePathOf(path);
    closeSync(openSync(existsSync(reserve) ? reserve : folder, 'r'));
    const full = exhaustionOf(folder);
    if (full === undefined) return undefined;
    return full.includes('inodes') ? 'inodes' : 'bytes';
  } catch (error) {
    return faults[errnoOf(error) ?? ''];
  }
}
