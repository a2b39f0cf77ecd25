import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { errnoOf } from '../../sys/errno.ts';

/** Error for a context that has changed since the step's key was made. */
export const contextChangedError = (path: Uint8Array, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_CHANGED',
    message: `build context: ${displayBytes(path)} changed while it was read`,
    hint: 'Build again when nothing writes to the context, or exclude the file in .dockerignore.',
    cause,
  });

/**
 * Reads an entry that was listed before. One that is missing, or that is a symlink or no directory now, was changed by
 * another process. Throws ERR_CONTEXT_CHANGED.
 */
export function expectUnchanged<T>(path: Uint8Array, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') throw contextChangedError(path, error);
    throw error;
  }
}
