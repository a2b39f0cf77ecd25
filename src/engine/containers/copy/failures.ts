import { StrataError } from '../../../errors/index.ts';

/** `message` is in docker's words. */
export const copyNotFound = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_NOT_FOUND', message, hint });

/** `message` is in docker's words where docker refuses the same. */
export const copyRefusal = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_COPY_REFUSED', message, hint });

/** Hint for a destination whose parent directory is missing. */
export const createParentHint = 'Create that directory first: a copy creates no parents.';

/** Hint for a path with a slash at the end that is no directory. */
export const withoutSlashHint = 'Leave out the slash at the end, or name a directory.';

/** Hint for a loop of symlinks. */
export const loopHint = 'Name a path without these symlinks: they form a loop, or there are too many.';

export const destinationMounted = (path: string, hint: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_MOUNTED',
    message: `cannot replace ${path}: device or resource busy: something is mounted there`,
    hint,
  });

export const sourceWithoutSize = (path: string): StrataError =>
  new StrataError({
    code: 'ERR_COPY_NO_SIZE',
    message: `cannot copy ${path}: it has no size, the kernel makes it when it is read`,
    hint: 'Read it with a program such as cat, and copy the output.',
  });

export const destinationReadOnly = (what: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_COPY_READ_ONLY',
    message: `${what} is marked read-only`,
    hint: 'Copy to a writable directory.',
    cause,
  });
