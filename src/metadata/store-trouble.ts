import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { exhaustionOf } from '../content/disk-failure.ts';
import { errnoOf } from '../sys/errno.ts';
import { reserveOf } from './space-reserve.ts';

/** What keeps SQLite from a store's files. */
export type StoreTrouble = 'read-only' | 'refused' | 'missing' | 'files' | 'broken' | 'bytes' | 'inodes';

const troubles: Readonly<Record<string, StoreTrouble>> = {
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

/** True when the folder of the database at `path` is there, on a filesystem that takes no writes. SQLite would open it all the same. */
export function isReadOnly(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EROFS';
  }
}

/** Finds out why the database at `path` cannot be opened or written, which SQLite does not say; undefined when all looks well. */
export function storeTrouble(path: string): StoreTrouble | undefined {
  const folder = dirname(path);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    // Not the database itself: to close it would drop SQLite's locks.
    const beside = reserveOf(path);
    closeSync(openSync(existsSync(beside) ? beside : folder, 'r'));
    const full = exhaustionOf(folder);
    if (full === undefined) return undefined;
    return full.includes('inodes') ? 'inodes' : 'bytes';
  } catch (error) {
    return troubles[errnoOf(error) ?? ''];
  }
}
