import type { AbortOptions } from '../../lib/abort.ts';
import type { ImageConfig } from '../../spec/config.ts';
import { parseDigest } from '../../spec/digest.ts';
import { type Manifest, parseManifest } from '../../spec/manifest.ts';
import { manifestOf } from '../assemble-image.ts';
import type { Document, Image, Layer } from './image.ts';

/** Returns layers that are described as uncompressed tars, and the manifest that names them and the config. */
export function imageOfTars<L extends Layer>(
  config: Pick<Document<ImageConfig>, 'descriptor'>,
  tars: readonly L[],
): { readonly manifest: Document<Manifest>; readonly layers: readonly L[] } {
  const manifest = manifestOf(
    config.descriptor,
    tars.map(({ descriptor }) => descriptor),
  );
  return { manifest: { ...manifest, value: parseManifest(manifest.bytes).value }, layers: tars };
}

/** True when the manifest names every layer by its uncompressed tar. */
export async function isOfTars(image: Image, options: AbortOptions): Promise<boolean> {
  const layers = await image.layers(options);
  return layers.every(({ descriptor, diffId }) => descriptor.digest === parseDigest(diffId));
}
