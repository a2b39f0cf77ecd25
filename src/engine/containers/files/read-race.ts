import { isStrataError, StrataError } from '../../../errors/index.ts';
import type { Containers } from '../../../metadata/containers.ts';
import { errnoOf } from '../../../sys/errno.ts';

// A file was removed or replaced by a symlink, a directory, a socket or a device, which does not open as a file.
// Or a free name was taken, or an emptied directory filled again.
const raceErrnos = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES', 'ESTALE', 'EEXIST', 'ENOTEMPTY'];

/** True for an error that a concurrent change of the files explains. */
export const isConcurrentChange = (error: unknown): boolean =>
  raceErrnos.includes(errnoOf(error) ?? '') || isStrataError(error, 'ERR_LAYER_SOURCE_CHANGED');

const isLost = (error: unknown): boolean =>
  isConcurrentChange(error) ||
  isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND') ||
  isStrataError(error, 'ERR_SNAPSHOT_DAMAGED');

/**
 * Runs `read` on the files of a container that may be removed meanwhile. A record is removed before the files: if it still
 * exists afterwards, all files could be read; otherwise some may have been missing unnoticed. Throws ERR_CONTAINER_CHANGED.
 */
export async function readWhilePresent<T>(containers: Containers, id: string, read: () => Promise<T> | T): Promise<T> {
  let result: T;
  try {
    result = await read();
  } catch (error) {
    throw readFailure(containers, id, error);
  }
  if (containers.get(id) === undefined) throw containerRemoved(id);
  return result;
}

/** {@link readWhilePresent} for a stream of items. */
export async function* streamWhilePresent<T>(
  containers: Containers,
  id: string,
  items: AsyncIterable<T>,
): AsyncGenerator<T, void> {
  try {
    yield* items;
  } catch (error) {
    throw readFailure(containers, id, error);
  }
  if (containers.get(id) === undefined) throw containerRemoved(id);
}

/** Returns the error to throw when reading a container's files failed: that it was removed or changed, if that is the cause. */
export function readFailure(containers: Containers, id: string, error: unknown): unknown {
  const isWithoutFiles = isLost(error) || (error instanceof Error && isLost(error.cause));
  if (isWithoutFiles && containers.get(id) === undefined) return containerRemoved(id, error);
  return isConcurrentChange(error) ? containerChanged(id, error) : error;
}

const containerRemoved = (id: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: was removed while its files were read`,
    hint: 'List all containers to see which there are.',
    cause,
  });

/** Error for files that the container's processes changed while they were read or written. */
export const containerChanged = (id: string, cause: unknown, doing: 'read' | 'written' = 'read'): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: files went away or changed while they were ${doing}`,
    hint: 'Pause it, or stop the process that changes its files, then try again.',
    cause,
  });
