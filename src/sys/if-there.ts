import { type Errno, errnoOf } from './errno.ts';

/** What the kernel says where a part of the path above the name is missing, no directory, or a symlink that goes round. */
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
