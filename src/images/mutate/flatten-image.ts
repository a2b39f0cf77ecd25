import type { Image } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';
import { layerOfTar } from './layer-of-tar.ts';

/**
 * Returns the image with a single layer, without files that later layers deleted or replaced. Its history has one
 * entry. The files are read now, for the layer's digest, and again each time the layer is read.
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
