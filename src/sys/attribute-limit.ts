import { statfsSync } from 'node:fs';
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { displayName, type Name } from './scratch.ts';

// Free space from which on a filesystem does not count as full. An attribute takes at most 64 KiB and a block.
const spaceBytes = 1 << 20;

/** True for an error of {@link attributeFailure} that reports too many attributes for one file. */
export const isAttributeLimit = (error: unknown): error is SyscallError =>
  error instanceof SyscallError && error.code === 'ERR_ATTRIBUTE_LIMIT';

/**
 * Returns the error to throw for a failed call that sets an attribute. ext4 has one block for all attributes of a file and
 * reports ENOSPC when that block is full, as it does for a full disk. The free space decides; `fd` is open on that filesystem.
 */
export function attributeFailure(error: SyscallError, fd: number, name?: Name): SyscallError {
  const errno = errnoOf(error);
  if (errno !== 'E2BIG' && (errno !== 'ENOSPC' || !hasSpace(fd))) return error;
  return new SyscallError({
    syscall: error.syscall,
    // Not ENOSPC, because removing other files does not help.
    errno: errnoNumber('E2BIG'),
    ...(name === undefined ? {} : { path: displayName(name) }),
    text: {
      code: 'ERR_ATTRIBUTE_LIMIT',
      message: 'more extended attributes than the filesystem keeps for one file',
      hint: 'Leave attributes out, or put the store on a filesystem that keeps more of them, such as XFS or Btrfs.',
    },
    cause: error,
  });
}

function hasSpace(fd: number): boolean {
  // AT_FDCWD is no file.
  if (fd < 0) return false;
  const { blocks, bavail, bsize, files, ffree } = statfsSync(`/proc/self/fd/${fd}`);
  return (blocks === 0 || bavail * bsize >= spaceBytes) && (files === 0 || ffree > 0);
}
