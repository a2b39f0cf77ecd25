import { dirname } from 'node:path';
import { isDiskFull } from '../content/disk-failure.ts';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { findStoreFault, type StoreFault } from './store-fault.ts';

// Primary result codes (sqlite.org/rescode.html). Extended codes have them in the low byte.
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
// SQLite grows the shared-memory file by writing to it, so a full disk shows up as this I/O error.
const SQLITE_IOERR_SHMSIZE = 4874;

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;

const primaryOf = (error: unknown): number => (codeOf(error) ?? 0) & 0xff;

/** True when a row with that key exists already. */
export const isUniqueViolation = (error: unknown): boolean =>
  [SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE].includes(codeOf(error) ?? 0);

/** True when a row refers to a missing one. */
export const isReferenceViolation = (error: unknown): boolean => codeOf(error) === SQLITE_CONSTRAINT_FOREIGNKEY;

/** True when another connection holds the lock, and SQLite did not wait or the wait is over. */
export const isBusy = (error: unknown): boolean => [SQLITE_BUSY, SQLITE_LOCKED].includes(primaryOf(error));

/** True when a table or a column is missing, or a statement is wrong. */
export const isSchemaMismatch = (error: unknown): boolean => codeOf(error) === SQLITE_ERROR;

/** True when the files cannot be opened in the requested mode. */
export const isUnopenable = (error: unknown): boolean =>
  [SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_IOERR].includes(primaryOf(error));

/** Converts an error of SQLite to one of the library if a user can do something about it; returns others unchanged. */
export function sqliteFailure(error: unknown, path: string): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof StrataError) return error;
  const reason = error instanceof Error ? error.message : '';
  if (code === SQLITE_IOERR_SHMSIZE || primaryOf(error) === SQLITE_FULL) {
    return storeFull(error, path, 'bytes');
  }
  switch (primaryOf(error)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return storeBusy(path, error);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new StrataError({
        code: 'ERR_STORE_CORRUPT',
        message: `database ${path}: damaged (${reason})`,
        hint: 'Restore strata.db and strata.db-wal together from a backup, and remove strata.db-shm; or move the whole store away and start with a new one.',
        cause: error,
      });
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return faultError(error, path, primaryOf(error) === SQLITE_IOERR ? 'broken' : 'refused', reason);
    default:
      return error;
  }
}

export const storeBusy = (path: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_STORE_BUSY',
    message: `database ${path}: locked by another process for too long`,
    hint: 'Look for a stopped Strata process (state T), and try again.',
    cause,
  });

/** Converts the error of flushing the write-ahead log to one of the library. */
export const logFailure = (error: unknown, path: string): StrataError =>
  isDiskFull(error)
    ? storeFull(error, path, 'bytes')
    : faultError(error, path, 'broken', errnoOf(error) ?? String(error));

/**
 * Names the reason why SQLite cannot use its files; `otherwise` is the one to report if none is found. SQLite's own
 * codes are the same for a full, a broken and a read-only disk.
 */
function faultError(cause: unknown, path: string, otherwise: StoreFault, reason: string): StrataError {
  const fault = findStoreFault(path) ?? otherwise;
  switch (fault) {
    case 'read-only':
      return storeReadOnly(path, cause);
    case 'files':
      return new StrataError({
        code: 'ERR_STORE_OPEN_FILES',
        message: `database ${path}: too many open files`,
        hint: 'Raise the limit of open files (`ulimit -n`).',
        cause,
      });
    case 'bytes':
    case 'inodes':
      return storeFull(cause, path, fault);
    case 'broken':
      return new StrataError({
        code: 'ERR_STORE_IO',
        message: `database ${path}: the disk reported a fault (${reason})`,
        hint: 'Look at the kernel log (`dmesg`), and move the store to another disk if this one is failing.',
        cause,
      });
    case 'missing':
    case 'refused':
      return new StrataError({
        code: 'ERR_STORE_NOT_WRITABLE',
        message: `database ${path}: cannot be opened for writing (${reason})`,
        hint: 'Run as the user who owns the store, or use another one.',
        cause,
      });
  }
}

export const storeReadOnly = (path: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_STORE_READ_ONLY',
    message: `store ${dirname(path)}: the filesystem is mounted read-only`,
    hint: 'Listing, inspecting, saving, exporting and copying out of a container work as it is. For anything else mount it writable, or use another store.',
    cause,
  });

const storeFull = (cause: unknown, path: string, what: 'bytes' | 'inodes'): StrataError =>
  new StrataError({
    code: 'ERR_STORE_FULL',
    message: `database ${path}: no ${what === 'inodes' ? 'inodes' : 'space'} left on device`,
    hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
    cause,
  });
