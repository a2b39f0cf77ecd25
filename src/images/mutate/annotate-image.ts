import type { StringMap } from '../../spec/fields.ts';
import type { Image } from '../image/image.ts';
import { composeWithConfig } from './compose-image.ts';

/**
 * Returns the image with annotations added to its manifest, in place of any with the same keys. The image ID stays.
 *
 * ```ts
 * const image = await annotateImage(base, { 'org.opencontainers.image.source': 'https://example.com/app' });
 * ```
 */
export async function annotateImage(image: Image, annotations: StringMap): Promise<Image> {
  const existing = (await image.manifest()).value.annotations;
  return composeWithConfig(await image.config(), await image.layers(), { ...existing, ...annotations });
}
