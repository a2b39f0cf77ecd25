import { libc } from './libc.ts';

const CLOSE_RANGE_CLOEXEC = 4;
const firstAfterStreams = 3;
const lastOfAll = 2 ** 32 - 1;

/**
 * Marks the descriptors that this process inherited as close-on-exec, so that programs it starts do not inherit them. A
 * program that outlives it would hold a script's lock, as of `exec 200>file; flock 200`, or a pipe that is read to its end.
 * Node itself does so only for the descriptors up to the first gap above 15. Idempotent.
 */
export function closeInheritedOnExec(): void {
  const { syscall, numbers } = libc();
  // Without the call (an old kernel, a seccomp filter) descriptors are inherited.
  syscall(numbers.closeRange, firstAfterStreams, lastOfAll, CLOSE_RANGE_CLOEXEC, 0, 0, 0);
}
