import { type StatsFs, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { errnoOf } from '../sys/errno.ts';

/**
 * What a file call threw, as an error of the library: ERR_NO_SPACE (exhausted) when the filesystem of `directory` or
 * the quota is full, another failed call as a `SyscallError`, anything else unchanged.
 */
export const diskFailure = (error: unknown, directory: string): unknown =>
  failureAt(error, directory, {
    name: `store ${directory}`,
    hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
  });

/** {@link diskFailure} for a file outside the store. */
export const outputFailure = (error: unknown, directory: string): unknown =>
  failureAt(error, directory, { name: directory, hint: 'Free space on that filesystem, or choose another place.' });

function failureAt(
  error: unknown,
  directory: string,
  { name, hint }: { readonly name: string; readonly hint: string },
): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  if (!isDiskFull(error)) return asSyscallError(error, directory);
  return new StrataError({
    code: 'ERR_NO_SPACE',
    message: `${name}: ${describeExhaustion(error, directory)}`,
    hint,
    details: { errno },
    cause: error,
  });
}

/** True for an error that only says that the disk or the quota is full. */
export const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');

/** What there is no more of on the filesystem of `directory`, for people; of an error for which {@link isDiskFull}. */
export const describeExhaustion = (error: unknown, directory: string): string =>
  errnoOf(error) === 'EDQUOT' ? 'disk quota exceeded' : whatRanOut(directory, effectOf(error));

/**
 * What the filesystem of `directory` has run out of, undefined while it has some: for a program that failed by itself and
 * may not have said that this was why.
 */
export function exhaustionOf(directory: string): string | undefined {
  const { blocks, files, ffree, bavail, bsize } = statfsSync(directory);
  // One without an end, as tmpfs with size=0, has nothing of anything.
  const isFull = (blocks > 0 && bavail * bsize < fewBytes) || (files > 0 && ffree < fewInodes);
  return isFull ? whatRanOut(directory) : undefined;
}

/** The disk did not take what the kernel had accepted. */
export const flushFailed = (path: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_FLUSH_FAILED',
    message: `blob data ${path}: could not be written to disk (${errnoOf(cause) ?? String(cause)})`,
    hint: 'The data was thrown away and the store is marked degraded: look at the kernel log (`dmesg`), then try again, and check the store for other damage.',
    cause,
  });

// What was undone since has given some inodes back.
const fewInodes = 64;
// A program that writes in pieces fails with less than one left.
const fewBytes = 1 << 20;

/** What a failed call was to do, which tells what it needed. */
type Effect = 'write' | 'create' | 'unknown';

const writes = /^(?:p?writev?|pwritev2?|copy_file_range|sendfile|f?truncate|fallocate|f(?:data)?sync|ioctl|copyfile)\b/;
const creates = /^(?:open|mkdir|mkdtemp|mknod|symlink|link|rename)/;

function effectOf(error: unknown): Effect {
  const call = typeof error === 'object' && error !== null && 'syscall' in error ? String(error.syscall) : '';
  if (writes.test(call)) return 'write';
  return creates.test(call) ? 'create' : 'unknown';
}

// The kernel gives the same error number for both, and people look at `df` in vain (moby#37077).
function whatRanOut(directory: string, effect: Effect = 'unknown'): string {
  try {
    return areInodesGone(statfsSync(directory), effect) ? 'no inodes left on device' : 'no space left on device';
  } catch (error) {
    // The folder itself may be what could not be made.
    if (errnoOf(error) === 'ENOENT' && directory !== dirname(directory)) return whatRanOut(dirname(directory), effect);
    throw error;
  }
}

function areInodesGone({ blocks, files, ffree, bavail }: StatsFs, effect: Effect): boolean {
  if (files === 0 || effect === 'write') return false;
  if (ffree === 0) return true;
  // What failed half-way may have been undone since: the scarcer of the two is what there was none of.
  if (effect === 'create') return ffree / files < bavail / blocks;
  return ffree < fewInodes && ffree < bavail;
}
