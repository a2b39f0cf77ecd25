import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Digest } from '../spec/digest.ts';
import type { Store } from '../store/store.ts';
import { readConfig } from './read-document.ts';

// A further attempt is needed only when the image was removed and made again within a moment.
const attempts = 5;

const vanished = ['ERR_BLOB_NOT_FOUND', 'ERR_SNAPSHOT_DAMAGED'] as const;

/**
 * Runs `look` on one state of the store and reads the config of the image it returns. Nothing is written, so the image
 * is not pinned: when it disappears before its config is read, `look` runs again, and finds another image or none.
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
