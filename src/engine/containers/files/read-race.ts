import { isStrataError, StrataError } from '../../../errors/index.ts';
import type { Containers } from '../../../metadata/containers.ts';
import { errnoOf } from '../../../sys/errno.ts';

// What was a file is gone, or a link, a directory, a socket or a device now: that does not open where we look.
// A name that was free is taken, or a directory that was emptied is not empty.
const changes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES', 'ESTALE', 'EEXIST', 'ENOTEMPTY'];

/** Whether dealing with a container's files met something that its processes put there meanwhile. */
export const isChange = (error: unknown): boolean =>
  changes.includes(errnoOf(error) ?? '') || isStrataError(error, 'ERR_LAYER_SOURCE_CHANGED');

const isLost = (error: unknown): boolean =>
  isChange(error) || isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND') || isStrataError(error, 'ERR_SNAPSHOT_DAMAGED');

/**
 * Runs `read`, which reads files of a container that anybody may remove meanwhile. A record goes before its files: as long
 * as it stands, all of them were there to be read; without it, some may have been missing that nobody noticed. Throws
 * ERR_CONTAINER_CHANGED.
 */
export async function readStanding<T>(containers: Containers, id: string, read: () => Promise<T> | T): Promise<T> {
  let result: T;
  try {
    result = await read();
  } catch (error) {
    throw readFailure(containers, id, error);
  }
  if (containers.get(id) === undefined) throw containerRemoved(id);
  return result;
}

/** {@link readStanding} for what is handed on while it is read. */
export async function* streamStanding<T>(
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

/** What to tell when reading a container's files failed: that it was removed or changed meanwhile, if that is why. */
export function readFailure(containers: Containers, id: string, error: unknown): unknown {
  const isWithoutFiles = isLost(error) || (error instanceof Error && isLost(error.cause));
  if (isWithoutFiles && containers.get(id) === undefined) return containerRemoved(id, error);
  return isChange(error) ? containerChanged(id, error) : error;
}

const containerRemoved = (id: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: was removed while its files were read`,
    cause,
  });

/** A container's processes changed what was being read, or the place that was written to. */
export const containerChanged = (id: string, cause: unknown, doing: 'read' | 'written' = 'read'): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: files went away or changed while they were ${doing}`,
    hint: 'Pause it or stop what writes to it, then try again.',
    cause,
  });
