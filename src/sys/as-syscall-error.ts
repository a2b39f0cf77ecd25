import { isStrataError } from '../errors/index.ts';
import { type Errno, errnoNumber, errnoOf, SyscallError } from './errno.ts';

/** Converts an error of Node's file and process calls to a {@link SyscallError}, with kind and hint. Returns others unchanged. */
export function asSyscallError(error: unknown, path?: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isStrataError(error)) return error;
  const { syscall, path: itsPath } = error as { readonly syscall?: unknown; readonly path?: unknown };
  return new SyscallError({
    // The name of the call may include a program that could not be started, as in `spawn /bin/x`.
    syscall: typeof syscall === 'string' ? (syscall.split(' ')[0] ?? syscall) : nameless(errno),
    errno: errnoNumber(errno),
    path: typeof itsPath === 'string' ? itsPath : path,
    cause: error,
  });
}

/** Returns a name for an error without a call: a thread or a module that could not be loaded for lack of descriptors. */
const nameless = (errno: Errno): string => (errno === 'EMFILE' ? 'open files' : 'file call');
