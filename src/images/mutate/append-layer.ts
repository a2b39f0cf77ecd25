import type { HistoryEntry } from '../../spec/config.ts';
import type { Image, Layer } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';

/**
 * Returns the image with one more layer on top. `history` is what its history says of the layer; no clock is asked, so that
 * the same layer always makes the same image.
 *
 * ```ts
 * const layer = await layerOfFiles([{ kind: 'file', path: 'etc/motd', content: 'hello\n' }]);
 * const image = await appendLayer(base, layer, { created_by: 'add a greeting' });
 * ```
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
