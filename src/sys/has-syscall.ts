import { errnoName } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { libc } from './libc.ts';
import { nameAddress } from './scratch.ts';
import type { SyscallNumbers } from './syscall-numbers.ts';

const known = new Map<keyof SyscallNumbers, boolean>();

/**
 * Whether this kernel, and the seccomp filter this process may run under, lets a directory-relative call through.
 * Asked once per thread, with a descriptor that cannot exist.
 */
export function hasSyscall(name: 'openat2' | 'fchmodat2' | 'setxattrat'): boolean {
  const answer = known.get(name);
  if (answer !== undefined) return answer;
  const { syscall, numbers } = libc();
  syscall(numbers[name], -1, nameAddress('x'), 0, 0, 0, 0);
  // Docker's seccomp profiles before 20.10.10 answer EPERM, not ENOSYS, for a call they do not know.
  const error = errnoName(lastErrno());
  const there = error !== 'ENOSYS' && error !== 'EPERM';
  known.set(name, there);
  return there;
}
