import { StrataError } from '../../errors/index.ts';

/** The index cannot be trusted: damaged on disk, cut short, or forged. */
export const corruptIndex = (why: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_INDEX_CORRUPT',
    message: `layer index: ${why}`,
    hint: 'Remove the index file; it is made again when the layer is loaded or built again.',
    ...(cause === undefined ? {} : { cause }),
  });
