import { StrataError } from '../../errors/index.ts';

/** What a container's processes removed while its files were read. */
export const containerChanged = (id: string, cause: unknown): StrataError =>
  new StrataError({
    kind: 'conflict',
    code: 'ERR_CONTAINER_CHANGED',
    message: `container ${id.slice(0, 12)}: files went away while they were read`,
    hint: 'Pause it or stop what writes to it, then try again.',
    cause,
  });
