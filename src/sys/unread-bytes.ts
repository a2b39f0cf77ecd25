import { libc } from './libc.ts';
import { lastError, scratch } from './scratch.ts';

const FIONREAD = 0x541b;

/** Returns the number of bytes in a pipe or fifo that have not been read yet. */
export function unreadBytes(fd: number): number {
  const { view, struct, structAddress } = scratch();
  if (libc().ioctl(fd, FIONREAD, structAddress) < 0) throw lastError('ioctl_fionread');
  return view.getInt32(struct, true);
}
