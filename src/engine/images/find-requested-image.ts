import { type FoundImage, findImage, findPlatformImage } from '../../images/find-image.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import type { ImageLookUpOptions } from './image-types.ts';

/**
 * Finds the image that a verb was given by name and platform. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS,
 * ERR_REFERENCE_INVALID, ERR_PLATFORM_INVALID.
 */
export function findRequestedImage(metadata: Metadata, name: string, { platform }: ImageLookUpOptions): FoundImage {
  if (platform === undefined) return findImage(metadata, name, hostPlatform());
  return findPlatformImage(metadata, name, parsePlatform(platform, hostPlatform()));
}
