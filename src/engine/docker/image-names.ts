import { type FoundImage, findImageIfThere, type ImageNames } from '../../images/find-image.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { definitionOf } from '../containers/state/state.ts';

/**
 * Returns a function that names a container's image as docker does: by the name given at creation while it still leads to
 * that image, otherwise by the image's ID. For use within one transaction of the caller's.
 */
export function imageNames(index: ImageNames): (record: ContainerRecord) => string {
  const found = new Map<string, FoundImage | undefined>();
  return (record) => {
    const { image } = definitionOf(record);
    const { imageId } = record;
    if (imageId === undefined) return image;
    if (!found.has(image)) found.set(image, findImageIfThere(index, image, hostPlatform()));
    const { id, target } = found.get(image) ?? {};
    // A multi-platform name leads to the images of all its platforms.
    const isOf = id === imageId || (target && index.targets.imagesOf(target).some((each) => each.imageId === imageId));
    return isOf ? image : imageId;
  };
}
