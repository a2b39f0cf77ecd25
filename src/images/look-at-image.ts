import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Digest } from '../spec/digest.ts';
import type { Store } from '../store/store.ts';
import { readConfig } from './read-image.ts';

// Each further one needs that the image was removed and made again within a moment.
const attempts = 5;

const vanished = ['ERR_BLOB_NOT_FOUND', 'ERR_SNAPSHOT_DAMAGED'] as const;

/**
 * Takes from one state of the store what `look` says of an image, and reads its config. Looking writes nothing, so the
 * image is not pinned: when it goes between the two, it is looked up again, and then is either another one or not found.
 */
export async function lookAtImage<T extends { readonly id: Digest }>(
  { metadata, blobs }: Store,
  look: () => T,
  options: AbortOptions = {},
): Promise<T & { readonly config: ImageConfig }> {
  for (let attempt = 1; ; attempt++) {
    try {
      const seen = metadata.db.read(look);
      return { ...seen, config: await readConfig(blobs, seen.id, options) };
    } catch (error) {
      if (attempt === attempts || !vanished.some((code) => isStrataError(error, code))) throw error;
    }
  }
}
