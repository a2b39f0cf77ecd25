import type { Pin } from '../metadata/objects.ts';
import type { Digest } from '../spec/digest.ts';
import type { ImageNames } from './find-image.ts';

/**
 * Returns the manifest that names an image's config, and pins the target that leads to it (`target`, or else any) in
 * the caller's transaction. Undefined when only the config is known.
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
