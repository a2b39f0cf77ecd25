import { type FoundImage, findImageIfThere, type ImageNames } from '../../images/find-image.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { definitionOf } from '../containers/state/state.ts';

/**
 * Returns a function that names the images of containers as docker does: by the name given at the creation as long as it
 * leads to that image, else by the image's ID. For one transaction of the caller's.
 */
export function imageNames(index: ImageNames): (record: ContainerRecord) => string {
  const found = new Map<string, FoundImage | undefined>();
  return (record) => {
    const { image } = definitionOf(record);
    const { imageId } = record;
    if (imageId === undefined) return image;
    if (!found.has(image)) found.set(image, findImageIfThere(index, image, hostPlatform()));
    const { id, target } = found.get(image) ?? {};
    // A name of several platforms leads to the images of all of them.
    const isOf = id === imageId || (target && index.targets.imagesOf(target).some((each) => each.imageId === imageId));
    return isOf ? image : imageId;
  };
}
