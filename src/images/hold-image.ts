import type { StoreLease } from '../metadata/leases.ts';
import type { Pin } from '../metadata/objects.ts';
import type { FoundImage } from './find-image.ts';

/**
 * Looks an image up and pins it in one transaction, with the target it was found through: between two, a concurrent
 * command could remove the name, and a collector the image. Throws what `find` throws.
 */
export async function holdImage(lease: StoreLease, find: () => FoundImage): Promise<FoundImage> {
  return await lease.withPins((pin) => pinFound(pin, find()));
}

/** {@link holdImage} as a part of the caller's transaction. */
export function pinFound(pin: Pin, found: FoundImage): FoundImage {
  pin('image', found.id);
  if (found.target !== undefined) pin('target', found.target);
  return found;
}
