import type { ImageConfig } from '../../spec/config.ts';
import type { Image } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';

/**
 * Returns the image with another config: environment, entrypoint, command, user, labels and all else that it says. The
 * layers stay, whatever `rootfs` says.
 *
 * Throws ERR_LAYERS_MISMATCH for a history of more layers than there are: an entry that made none has `empty_layer`.
 *
 * ```ts
 * const image = await changeConfig(base, (config) => ({
 *   ...config,
 *   config: { ...config.config, Entrypoint: ['/app'], Labels: { ...config.config.Labels, team: 'blue' } },
 * }));
 * ```
 */
export async function changeConfig(image: Image, change: (config: ImageConfig) => ImageConfig): Promise<Image> {
  const parts = await partsOf(image);
  return composeImage({ ...parts, config: change(parts.config) });
}
