import type { ImageConfig } from '../../spec/config.ts';
import type { Image } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';

/**
 * Returns the image with the config that `change` returns: environment, entrypoint, command, user, labels and so on.
 * The layers stay; `rootfs` is ignored.
 *
 * ```ts
 * const image = await changeConfig(base, (config) => ({
 *   ...config,
 *   config: { ...config.config, Entrypoint: ['/app'], Labels: { ...config.config.Labels, team: 'blue' } },
 * }));
 * ```
 * @throws ERR_LAYERS_MISMATCH for a history of more layers than there are: an entry without a layer needs `empty_layer`
 */
export async function changeConfig(image: Image, change: (config: ImageConfig) => ImageConfig): Promise<Image> {
  const parts = await partsOf(image);
  return composeImage({ ...parts, config: change(parts.config) });
}
