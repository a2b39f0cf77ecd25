import { isStrataError, StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';

// What was a file is gone, or a link, a directory, a socket or a device now: that does not open where we look.
const changes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES'];

/** Whether reading a container's files met something that its processes put there meanwhile. */
export const isChange = (error: unknown): boolean =>
  changes.includes(errnoOf(error) ?? '') || isStrataError(error, 'ERR_LAYER_SOURCE_CHANGED');

/** A container's processes changed what was being read. */
export const containerChanged = (id: string, cause: unknown): StrataError =>
  new StrataError({
    kind: 'conflict',
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: files went away or changed while they were read`,
    hint: 'Pause it or stop what writes to it, then try again.',
    cause,
  });
