import { StrataError } from '../../errors/index.ts';
import type { HistoryEntry, ImageConfig } from '../../spec/config.ts';
import type { Image } from '../image/image.ts';
import { composeImage, partsOf } from './compose-image.ts';

export interface RebaseOptions {
  /** The present base of the image. */
  readonly from: Image;
  /** The new base. */
  readonly to: Image;
}

/**
 * Returns the image on another base, such as one with the latest security updates: the layers of `to` replace those of
 * `from`; layers above them and the config stay. Nothing is built again, so the layers above must not depend on what
 * changed in the base.
 *
 * ```ts
 * const image = await rebaseImage(app, { from: debian12_1, to: debian12_2 });
 * ```
 * @throws ERR_BASE_MISMATCH when the image's layers do not begin with those of `from`, or `to` is for another platform
 */
export async function rebaseImage(image: Image, { from, to }: RebaseOptions): Promise<Image> {
  const [parts, old, next] = [await partsOf(image), await partsOf(from), await partsOf(to)];
  const above = parts.layers.slice(old.layers.length);
  if (!old.layers.every(({ diffId }, at) => parts.layers[at]?.diffId === diffId)) {
    throw mismatch(`image ${image.id}: is not based on the layers of ${from.id}`);
  }
  const { architecture, os } = parts.config;
  if (next.config.architecture !== architecture || next.config.os !== os) {
    throw mismatch(
      `image ${to.id}: is for ${next.config.os}/${next.config.architecture}, and ${image.id} for ${os}/${architecture}`,
    );
  }
  return composeImage({
    ...parts,
    layers: [...next.layers, ...above],
    config: {
      ...parts.config,
      history: [...next.config.history, ...historyAbove(parts.config, old.config, above.length)],
    },
  });
}

/**
 * Returns the history above the base: everything behind the base's own entries, or else from the first layer above on.
 */
function historyAbove(config: ImageConfig, base: ImageConfig, layersAbove: number): readonly HistoryEntry[] {
  const own = config.history.slice(0, base.history.length);
  if (JSON.stringify(own) === JSON.stringify(base.history)) return config.history.slice(base.history.length);
  let left = config.history.filter(isFilled).length - layersAbove;
  const first = config.history.findIndex((entry) => isFilled(entry) && left-- <= 0);
  return first < 0 ? [] : config.history.slice(first);
}

const isFilled = (entry: HistoryEntry): boolean => entry.empty_layer !== true;

const mismatch = (message: string): StrataError =>
  new StrataError({
    code: 'ERR_BASE_MISMATCH',
    message,
    hint: 'Give the base that the image was built on, and a new one for the same platform.',
  });
