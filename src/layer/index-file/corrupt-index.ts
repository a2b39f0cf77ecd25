import { StrataError } from '../../errors/index.ts';

/** Returns the error for an index that cannot be trusted: damaged on disk, truncated, or forged. */
export const corruptIndex = (why: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_INDEX_CORRUPT',
    message: `layer index: ${why}`,
    hint: 'Remove the index file; it is made again when the layer is loaded or built again.',
    ...(cause === undefined ? {} : { cause }),
  });
