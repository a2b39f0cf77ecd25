import type { StringMap } from '../../spec/fields.ts';
import type { Image } from '../image/image.ts';
import { composeOf } from './compose-image.ts';

/**
 * Returns the image with further annotations in its manifest; its ID stays. One that is there already takes the new value.
 *
 * ```ts
 * const image = await annotateImage(base, { 'org.opencontainers.image.source': 'https://example.com/app' });
 * ```
 */
export async function annotateImage(image: Image, annotations: StringMap): Promise<Image> {
  const standing = (await image.manifest()).value.annotations;
  return composeOf(await image.config(), await image.layers(), { ...standing, ...annotations });
}
