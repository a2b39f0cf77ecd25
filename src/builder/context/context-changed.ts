import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { errnoOf } from '../../sys/errno.ts';

/** For a context that is not what it was when the step's key was made of it. */
export const contextChanged = (path: Uint8Array, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_CHANGED',
    message: `build context: ${displayBytes(path)} changed while it was read`,
    hint: 'Build again when nothing writes to the context, or exclude the file in .dockerignore.',
    cause,
  });

/**
 * Reads something that was listed a moment ago. That it is gone now, or is a symlink or no directory any more, is
 * somebody writing to the context. Throws ERR_CONTEXT_CHANGED.
 */
export function stillThere<T>(path: Uint8Array, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') throw contextChanged(path, error);
    throw error;
  }
}
