import { invalidOption } from '../../errors/option.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Image, Layer } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';
import { layerOfTar } from './layer-of-tar.ts';
import { retimeTar } from './retime-tar.ts';

/**
 * Returns the image with one time everywhere: for the image, each step of its history, and each file of its layers.
 * Images that differ in times alone, such as builds of the same sources, become equal.
 *
 * ```ts
 * const epoch = process.env['SOURCE_DATE_EPOCH'] ?? '0';
 * const image = await retimeImage(app, new Date(Number(epoch) * 1000));
 * ```
 * @throws ERR_OPTION_INVALID for an invalid time, ERR_TAR_UNENCODABLE for entries that our tars cannot hold
 */
export async function retimeImage(image: Image, time: Date): Promise<Image> {
  if (!(time instanceof Date) || Number.isNaN(time.getTime()))
    throw invalidOption('time', time, 'the time for every file and step');
  const { config, layers, annotations } = await partsOf(image);
  const retimed: Layer[] = [];
  for (const layer of layers) retimed.push(await layerOfTar(() => retimeTar(layer.tar(), time)));
  return composeImage({ config: retimeConfig(config, time), layers: retimed, annotations });
}

function retimeConfig(config: ImageConfig, time: Date): ImageConfig {
  const created = time.toISOString().replace('.000Z', 'Z');
  return { ...config, created, history: config.history.map((entry) => ({ ...entry, created })) };
}
