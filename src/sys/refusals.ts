import { type ErrorText, SyscallError } from './errno.ts';

/**
 * Returns a call that the kernel refused for want of privileges (EPERM) as ERR_NEEDS_ROOT; any other failure comes back
 * as it is. `what` says what cannot be done, such as `mounts cannot be made`.
 */
export const explainRefusal = (failure: SyscallError, what: string): SyscallError =>
  failure.errnoName === 'EPERM'
    ? saying(failure, {
        code: 'ERR_NEEDS_ROOT',
        message: `${what} without root yet`,
        hint: 'Run this as root. Without it Strata builds images of metadata and of your own files, and lists, inspects, tags, saves and removes images.',
      })
    : failure;

/** Returns {@link explainRefusal} for a refused chown(2), or ERR_OWNER_UNMAPPED in a user namespace without that owner. */
export const explainOwnerRefusal = (failure: SyscallError, uid: number, gid: number): SyscallError =>
  failure.errnoName === 'EINVAL'
    ? saying(failure, {
        code: 'ERR_OWNER_UNMAPPED',
        message: `owner ${uid}:${gid} has no number in this user namespace`,
        hint: 'Give the user more subordinate ids in /etc/subuid and /etc/subgid, or run this as root outside the namespace.',
      })
    : explainRefusal(failure, `files cannot be given to owner ${uid}:${gid}`);

/** True for what {@link explainRefusal} and {@link explainOwnerRefusal} make of a refusal. */
export const isRefusal = (error: unknown): error is SyscallError =>
  error instanceof SyscallError && (error.code === 'ERR_NEEDS_ROOT' || error.code === 'ERR_OWNER_UNMAPPED');

const saying = ({ syscall, errno, path }: SyscallError, text: ErrorText): SyscallError =>
  new SyscallError({ syscall, errno, path, text });
