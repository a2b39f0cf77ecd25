import type { Pin } from '../metadata/objects.ts';
import type { Digest } from '../spec/digest.ts';
import type { ImageNames } from './find-image.ts';

/**
 * Returns the manifest that names an image's config, of the target that it was found through or of another one, which is
 * pinned in the caller's transaction; undefined when only the config is known.
 */
export function manifestOfImage(
  { targets }: Pick<ImageNames, 'targets'>,
  id: Digest,
  target: Digest | undefined,
  pin: Pin,
): Digest | undefined {
  const from = target ?? targets.targetsOf(id)[0];
  if (from === undefined) return undefined;
  pin('target', from);
  return targets.imagesOf(from).find(({ imageId }) => imageId === id)?.manifest;
}
