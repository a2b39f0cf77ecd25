import { libc } from './libc.ts';
import { lastError, scratch } from './scratch.ts';

const FIONREAD = 0x541b;

/** How much of what was written to a pipe or fifo nobody has read yet. */
export function unreadBytes(fd: number): number {
  const { view, struct, structAddress } = scratch();
  if (libc().ioctl(fd, FIONREAD, structAddress) < 0) throw lastError('ioctl_fionread');
  return view.getInt32(struct, true);
}
