import type { Image } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';
import { layerOfTar } from './layer-of-tar.ts';

/**
 * Returns the image with one layer instead of all: what later layers deleted or replaced is in it no more. Its history is one
 * entry. The files are read to find the layer's digest, and again each time that the layer is.
 *
 * ```ts
 * const image = await flattenImage(app);
 * ```
 */
export async function flattenImage(image: Image): Promise<Image> {
  const { config, annotations } = await partsOf(image);
  const layer = await layerOfTar(() => image.tar());
  const { created } = config;
  const entry = { ...(created === undefined ? {} : { created }), created_by: 'flattened' };
  return composeImage({ config: { ...config, history: [entry] }, layers: [layer], annotations });
}
