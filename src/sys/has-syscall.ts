import { errnoName } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { libc } from './libc.ts';
import { nameAddress } from './scratch.ts';
import type { SyscallNumbers } from './syscall-numbers.ts';

const known = new Map<keyof SyscallNumbers, boolean>();

/**
 * True when this kernel, and a seccomp filter of this process, let a directory-relative call through. Tested once per thread,
 * with a descriptor that cannot exist.
 */
export function hasSyscall(name: 'openat2' | 'fchmodat2' | 'setxattrat'): boolean {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const { syscall, numbers } = libc();
  syscall(numbers[name], -1, nameAddress('x'), 0, 0, 0, 0);
  // Docker's seccomp profiles before 20.10.10 return EPERM, not ENOSYS, for an unknown call.
  const error = errnoName(lastErrno());
  const isAvailable = error !== 'ENOSYS' && error !== 'EPERM';
  known.set(name, isAvailable);
  return isAvailable;
}
