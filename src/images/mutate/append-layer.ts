import type { HistoryEntry } from '../../spec/config.ts';
import type { Image, Layer } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';

/**
 * Returns the image with one more layer on top, and `history` as the layer's entry in its history. No clock is read:
 * equal input gives an equal image ID.
 *
 * ```ts
 * const layer = await layerOfFiles([{ kind: 'file', path: 'etc/motd', content: 'hello\n' }]);
 * const image = await appendLayer(base, layer, { created_by: 'add a greeting' });
 * ```
 * @throws ERR_DOCUMENT_INVALID for more layers than an image may have (1,000)
 */
export async function appendLayer(image: Image, layer: Layer, history: HistoryEntry = {}): Promise<Image> {
  const { config, layers, annotations } = await partsOf(image);
  const { empty_layer: _, ...entry } = history;
  return composeImage({
    config: { ...config, history: [...config.history, entry] },
    layers: [...layers, layer],
    annotations,
  });
}
