import { libc } from './libc.ts';

const CLOSE_RANGE_CLOEXEC = 4;
const firstBeyondStreams = 3;
const lastOfAll = 2 ** 32 - 1;

/**
 * Keeps the descriptors that this process was started with from the programs it starts from now on: one that outlives it
 * would hold a script's lock, as of `exec 200>file; flock 200`, or the pipe that somebody reads to its end. Node itself
 * keeps those up to the first gap beyond 15. Idempotent.
 */
export function closeInheritedOnExec(): void {
  const { syscall, numbers } = libc();
  // Where a kernel or a filter does not know the call, they are passed on.
  syscall(numbers.closeRange, firstBeyondStreams, lastOfAll, CLOSE_RANGE_CLOEXEC, 0, 0, 0);
}
