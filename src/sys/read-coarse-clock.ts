import { libc } from './libc.ts';
import { lastError, scratch } from './scratch.ts';

const CLOCK_REALTIME_COARSE = 5;

/**
 * Returns the time that the kernel gives to files changed now, in seconds and nanoseconds since 1970; from Linux 6.13 on their
 * time may be later. This clock advances once a tick, 10 ms with HZ=100. Two changes within a tick have the same time before
 * Linux 6.13, and on some filesystems still.
 */
export function readCoarseClock(): { seconds: number; nanoseconds: number } {
  const { view, struct, structAddress } = scratch();
  if (libc().clock_gettime(CLOCK_REALTIME_COARSE, structAddress) < 0) throw lastError('clock_gettime');
  return { seconds: Number(view.getBigInt64(struct, true)), nanoseconds: Number(view.getBigInt64(struct + 8, true)) };
}
