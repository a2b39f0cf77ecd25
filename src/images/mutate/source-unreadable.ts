import { isStrataError, restate } from '../../errors/index.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';

/** For a file of this machine that a layer is made of: what the system says, and what to do. */
export function sourceUnreadable(thrown: unknown, path: string): unknown {
  const error = asSyscallError(thrown, path);
  if (!isStrataError(error) || error === thrown) return error;
  return restate(error, {
    message: `layer from a file: ${error.message}`,
    hint: 'Give a file that can be read, and leave it there until the layer is stored: it is read each time that the layer is.',
  });
}
