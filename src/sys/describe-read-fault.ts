import { type Errno, errnoOf } from './errno.ts';

const faults: readonly (Errno | undefined)[] = ['EIO', 'EUCLEAN', 'EBADMSG'];

/** What is wrong, in words, with something that the disk does not give back any more. Throws any other error again. */
export function describeReadFault(error: unknown): string {
  const errno = errnoOf(error);
  if (!faults.includes(errno)) throw error;
  return `cannot be read from the disk (${errno})`;
}
