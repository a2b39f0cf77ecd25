import { posix } from 'node:path';
import { describeExhaustion, isDiskFull } from '../../../content/disk-failure.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import { displayBytes } from '../../../lib/bytes.ts';
import { errnoOf } from '../../../sys/errno.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { isConcurrentChange } from '../files/read-race.ts';
import { copyRefusal, destinationMounted } from './failures.ts';

/** Words an error about a host path that may not be read, or that other processes changed meanwhile. */
export function hostFailure(path: string, error: unknown): unknown {
  if (!isConcurrentChange(error)) return error;
  return errnoOf(error) === 'EACCES'
    ? copyRefusal(`${path}: permission denied`, 'Check the permissions of the file and of its directories.')
    : copyRefusal(`${path}: went away or changed while it was copied`, tryAgainHint);
}

/** Hint for a host file that changed while it was copied. */
export const tryAgainHint = 'Stop the process that changes it, then try again.';

/** Runs `work` on a path of the host. Throws as {@link hostFailure} words it. */
export function withHostFailures<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw hostFailure(path, error);
  }
}

/** Returns the error for an entry below an open directory whose path is a mount point; `hint` says what to do. */
export const mountedBelow =
  (tree: RootedTree, fd: number, hint: string) =>
  (path: Uint8Array): StrataError =>
    destinationMounted(posix.join('/', displayBytes(tree.pathOf(fd)), displayBytes(path)), hint);

/** Words a failure to write into `directory`. `readOnly` returns the error for a read-only filesystem. */
export function copyFailure(error: unknown, directory: string, readOnly: () => StrataError): unknown {
  const cause = isStrataError(error) ? error.cause : undefined;
  const errno = errnoOf(error) ?? errnoOf(cause);
  if (errno === 'EROFS') return readOnly();
  if (isDiskFull(error)) {
    return new StrataError({
      code: 'ERR_NO_SPACE',
      message: `cp: ${describeExhaustion(error, directory)}`,
      hint: 'Free space on that filesystem.',
      cause: error,
    });
  }
  if (errno === undefined || isStrataError(error)) return error;
  return copyRefusal(
    error instanceof Error ? error.message : String(error),
    'Check the permissions and the filesystem of the destination, or copy to another one.',
  );
}
