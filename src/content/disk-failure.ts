import { type StatsFs, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { errnoOf } from '../sys/errno.ts';

/**
 * Converts the error of a file call to one of the library: ERR_NO_SPACE (exhausted) when the filesystem of `directory`
 * or the quota is full, a `SyscallError` for another failed call. Any other error is returned unchanged.
 */
export const diskFailure = (error: unknown, directory: string): unknown =>
  failureAt(error, directory, {
    name: `store ${directory}`,
    hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
  });

/** Does the same as {@link diskFailure} for a file outside the store. */
export const outputFailure = (error: unknown, directory: string): unknown =>
  failureAt(error, directory, { name: directory, hint: 'Free space on that filesystem, or choose another path.' });

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

/** Says, for people, which resource of the filesystem of `directory` an {@link isDiskFull} error lacked. */
export const describeExhaustion = (error: unknown, directory: string): string =>
  errnoOf(error) === 'EDQUOT' ? 'disk quota exceeded' : exhaustedResource(directory, effectOf(error));

/**
 * Says which resource of the filesystem of `directory` is used up; undefined while bytes and inodes are left. For
 * programs that failed by themselves and may not have named this as the reason.
 */
export function exhaustionOf(directory: string): string | undefined {
  const { blocks, files, ffree, bavail, bsize } = statfsSync(directory);
  // A filesystem without a limit, such as tmpfs with size=0, reports 0 for every total.
  const isFull = (blocks > 0 && bavail * bsize < fewBytes) || (files > 0 && ffree < fewInodes);
  return isFull ? exhaustedResource(directory) : undefined;
}

/** Reports that the disk did not take data that the kernel had accepted. */
export const flushFailed = (path: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_FLUSH_FAILED',
    message: `blob data ${path}: could not be written to disk (${errnoOf(cause) ?? String(cause)})`,
    hint: 'The data was removed, and the store is marked as degraded. Look at the kernel log (`dmesg`), try again, and check the store for other damage.',
    cause,
  });

// Not 0: undoing the failed work may have freed some inodes since.
const fewInodes = 64;
// Not 0: a program that writes in chunks fails when less than one chunk is left.
const fewBytes = 1 << 20;

/** Purpose of a failed call: writing needs blocks, creating needs inodes as well. */
type Effect = 'write' | 'create' | 'unknown';

const writes = /^(?:p?writev?|pwritev2?|copy_file_range|sendfile|f?truncate|fallocate|f(?:data)?sync|ioctl|copyfile)\b/;
const creates = /^(?:open|mkdir|mkdtemp|mknod|symlink|link|rename)/;

function effectOf(error: unknown): Effect {
  const call = typeof error === 'object' && error !== null && 'syscall' in error ? String(error.syscall) : '';
  if (writes.test(call)) return 'write';
  return creates.test(call) ? 'create' : 'unknown';
}

// The kernel reports ENOSPC for bytes and inodes alike, and `df` then shows free space (moby#37077).
function exhaustedResource(directory: string, effect: Effect = 'unknown'): string {
  try {
    return areInodesExhausted(statfsSync(directory), effect) ? 'no inodes left on device' : 'no space left on device';
  } catch (error) {
    // Creating this directory may be the call that failed.
    if (errnoOf(error) === 'ENOENT' && directory !== dirname(directory))
      return exhaustedResource(dirname(directory), effect);
    throw error;
  }
}

function areInodesExhausted({ blocks, files, ffree, bavail }: StatsFs, effect: Effect): boolean {
  if (files === 0 || effect === 'write') return false;
  if (ffree === 0) return true;
  // Undoing the failed work may have freed both since: the scarcer of the two is the one that ran out.
  if (effect === 'create') return ffree / files < bavail / blocks;
  return ffree < fewInodes && ffree < bavail;
}
