import { isStrataError } from '../errors/index.ts';
import { type Errno, errnoNumber, errnoOf, SyscallError } from './errno.ts';

/** An error of Node's file and process calls as a {@link SyscallError}, which has a kind and a hint; others unchanged. */
export function asSyscallError(error: unknown, path?: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isStrataError(error)) return error;
  const { syscall, path: itsPath } = error as { readonly syscall?: unknown; readonly path?: unknown };
  return new SyscallError({
    // A program that cannot be started is part of the name that Node gives the call.
    syscall: typeof syscall === 'string' ? (syscall.split(' ')[0] ?? syscall) : nameless(errno),
    errno: errnoNumber(errno),
    path: typeof itsPath === 'string' ? itsPath : path,
    cause: error,
  });
}

/** For an error that says no call: threads and modules that could not be loaded for want of open files. */
const nameless = (errno: Errno): string => (errno === 'EMFILE' ? 'open files' : 'file call');
