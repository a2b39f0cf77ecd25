import type { StoreLease } from '../metadata/leases.ts';
import type { FoundImage } from './find-image.ts';

/**
 * Looks an image up and pins it in one transaction, with the target it was found through: a name may be moved or removed
 * at any moment, and a collector takes the image right after. Throws what `find` throws.
 */
export function holdImage(lease: StoreLease, find: () => FoundImage): FoundImage {
  return lease.pinning(() => {
    const found = find();
    lease.pin('image', found.id);
    if (found.target !== undefined) lease.pin('target', found.target);
    return found;
  });
}
