import { type Errno, errnoOf } from './errno.ts';

const faults: readonly (Errno | undefined)[] = ['EIO', 'EUCLEAN', 'EBADMSG'];

/** Describes an error of a disk that cannot return data any more, as a predicate for a message. Rethrows any other error. */
export function describeReadFault(error: unknown): string {
  const errno = errnoOf(error);
  if (!faults.includes(errno)) throw error;
  return `cannot be read from the disk (${errno})`;
}
