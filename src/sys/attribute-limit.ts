import { statfsSync } from 'node:fs';
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { displayName, type Name } from './scratch.ts';

// Of a filesystem that is not full; an attribute takes at most 64 KiB and a block.
const roomBytes = 1 << 20;

/** True for an error of {@link attributeFailure} that says that one file cannot have so many attributes. */
export const isAttributeLimit = (error: unknown): error is SyscallError =>
  error instanceof SyscallError && error.code === 'ERR_ATTRIBUTE_LIMIT';

/**
 * What a call that sets an attribute failed with. ext4 has a block for all attributes of a file and says ENOSPC when that
 * is full, which nobody can tell from a full disk but by looking: `fd` is open on the same filesystem.
 */
export function attributeFailure(error: SyscallError, fd: number, name?: Name): SyscallError {
  const errno = errnoOf(error);
  if (errno !== 'E2BIG' && (errno !== 'ENOSPC' || !hasRoom(fd))) return error;
  return new SyscallError({
    syscall: error.syscall,
    // Not ENOSPC: no removal of anything else helps.
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

function hasRoom(fd: number): boolean {
  // AT_FDCWD stands for no file.
  if (fd < 0) return false;
  const { blocks, bavail, bsize, files, ffree } = statfsSync(`/proc/self/fd/${fd}`);
  return (blocks === 0 || bavail * bsize >= roomBytes) && (files === 0 || ffree > 0);
}
