import type { StringMap } from '../../spec/fields.ts';
import type { Image } from '../image/image.ts';
import { composeOf } from './compose-image.ts';

/**
 * Returns the image with annotations added to its manifest, in place of any with the same keys. The image ID stays.
 *
 * ```ts
 * const image = await annotateImage(base, { 'org.opencontainers.image.source': 'https://example.com/app' });
 * ```
 */
export async function annotateImage(image: Image, annotations: StringMap): Promise<Image> {
  const standing = (await image.manifest()).value.annotations;
  return composeOf(await image.config(), await image.layers(), { ...standing, ...annotations });
}
