import { type ErrorText, SyscallError } from './errno.ts';

/**
 * Returns ERR_NEEDS_ROOT for a call that the kernel refused for lack of privileges (EPERM), and any other failure unchanged.
 * `what` begins the message, such as `mounts cannot be made`.
 */
export const explainRefusal = (failure: SyscallError, what: string): SyscallError =>
  failure.errnoName === 'EPERM'
    ? withText(failure, {
        code: 'ERR_NEEDS_ROOT',
        message: `${what} without root yet`,
        hint: 'Run this as root. Without it Strata builds images of metadata and of your own files, and lists, inspects, tags, saves and removes images.',
      })
    : failure;

/** Does the same for a refused chown(2); returns ERR_OWNER_UNMAPPED in a user namespace without that owner. */
export const explainOwnerRefusal = (failure: SyscallError, uid: number, gid: number): SyscallError =>
  failure.errnoName === 'EINVAL'
    ? withText(failure, {
        code: 'ERR_OWNER_UNMAPPED',
        message: `owner ${uid}:${gid} has no number in this user namespace`,
        hint: 'Give the user more subordinate ids in /etc/subuid and /etc/subgid, or run this as root outside the namespace.',
      })
    : explainRefusal(failure, `files cannot be given to owner ${uid}:${gid}`);

/** True for an ERR_NEEDS_ROOT or ERR_OWNER_UNMAPPED of the functions above. */
export const isRefusal = (error: unknown): error is SyscallError =>
  error instanceof SyscallError && (error.code === 'ERR_NEEDS_ROOT' || error.code === 'ERR_OWNER_UNMAPPED');

const withText = ({ syscall, errno, path }: SyscallError, text: ErrorText): SyscallError =>
  new SyscallError({ syscall, errno, path, text });
