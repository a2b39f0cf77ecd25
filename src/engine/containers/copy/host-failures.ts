import { posix } from 'node:path';
import { describeExhaustion, isDiskFull } from '../../../content/disk-failure.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import { displayBytes } from '../../../lib/bytes.ts';
import { errnoOf } from '../../../sys/errno.ts';
import type { RootedTree } from '../../../sys/rooted-tree.ts';
import { isChange } from '../files/read-race.ts';
import { copyImpossible, mountedThere } from './failures.ts';

/** Others may work on the host's files meanwhile, and some may not be ours to read. */
export function hostFailure(path: string, error: unknown): unknown {
  if (!isChange(error)) return error;
  return copyImpossible(
    `${path}: ${errnoOf(error) === 'EACCES' ? 'permission denied' : 'went away or changed while it was copied'}`,
  );
}

/** Runs `work`, which looks at a path of the host's. */
export function onHost<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw hostFailure(path, error);
  }
}

/** Returns the error for an entry at whose place below an open directory something is mounted. */
export const mountedBelow =
  (tree: RootedTree, fd: number) =>
  (path: Uint8Array): StrataError =>
    mountedThere(posix.join('/', displayBytes(tree.pathOf(fd)), displayBytes(path)));

/** Words a failure to write into `directory`; `refused` is for a filesystem that takes nothing. */
export function copyFailure(error: unknown, directory: string, refused: () => StrataError): unknown {
  const cause = isStrataError(error) ? error.cause : undefined;
  const errno = errnoOf(error) ?? errnoOf(cause);
  if (errno === 'EROFS') return refused();
  if (isDiskFull(error)) {
    return new StrataError({
      code: 'ERR_NO_SPACE',
      message: `cp: ${describeExhaustion(error, directory)}`,
      hint: 'Free space on that filesystem.',
      cause: error,
    });
  }
  if (errno === undefined || isStrataError(error)) return error;
  return copyImpossible(error instanceof Error ? error.message : String(error));
}
