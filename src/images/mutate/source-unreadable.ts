import { isStrataError, restate } from '../../errors/index.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';

/** Returns the error for a layer's source file: the failure of the system call, and a hint. */
export function sourceUnreadable(thrown: unknown, path: string): unknown {
  const error = asSyscallError(thrown, path);
  if (!isStrataError(error) || error === thrown) return error;
  return restate(error, {
    message: `layer from a file: ${error.message}`,
    hint: 'Give a readable file, and keep it until the layer is stored: it is read each time the layer is read.',
  });
}
