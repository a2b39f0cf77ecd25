import { optionInvalid } from '../../errors/option.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Image, Layer } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';
import { layerOfTar } from './layer-of-tar.ts';
import { retimedTar } from './retimed-tar.ts';

/**
 * Returns the image with one time everywhere: of the image, of each step of its history, and of each file of its layers. Two
 * images that differ in times alone, as builds of the same sources do, become the same image.
 *
 * Throws ERR_OPTION_INVALID for a time that is none, ERR_TAR_UNENCODABLE for layers with what no tar of ours can hold.
 *
 * ```ts
 * const epoch = process.env['SOURCE_DATE_EPOCH'] ?? '0';
 * const image = await retimeImage(app, new Date(Number(epoch) * 1000));
 * ```
 */
export async function retimeImage(image: Image, time: Date): Promise<Image> {
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw optionInvalid('time', time, 'the time for every file and step');
  const { config, layers, annotations } = await partsOf(image);
  const retimed: Layer[] = [];
  for (const layer of layers) retimed.push(await layerOfTar(() => retimedTar(layer.tar(), time)));
  return composeImage({ config: retimedConfig(config, time), layers: retimed, annotations });
}

function retimedConfig(config: ImageConfig, time: Date): ImageConfig {
  const created = time.toISOString().replace('.000Z', 'Z');
  return { ...config, created, history: config.history.map((entry) => ({ ...entry, created })) };
}
