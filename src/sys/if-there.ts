import { type Errno, errnoOf } from './errno.ts';

/** Errors for a path through something that is not a directory, or through a loop of symlinks. */
export const unreachable: readonly Errno[] = ['ENOTDIR', 'ELOOP'];

/** Returns what `call` returns; undefined when it fails with ENOENT, or with one of `others`. */
export function ifThere<Result>(call: () => Result, others: readonly Errno[] = []): Result | undefined {
  try {
    return call();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || (errno !== undefined && others.includes(errno))) return undefined;
    throw error;
  }
}
