import type { Metadata } from '../metadata/metadata.ts';
import type { ChainId, Digest } from '../spec/digest.ts';

/** An image's size in two parts. Both are sums of file sizes, as in the listing of images. */
export interface ImageSharing {
  /** Size of the layers that other images also have, on the same lower layers. */
  readonly sharedBytes: number;
  /** Size of the layers that are removed with the image. */
  readonly uniqueBytes: number;
}

/** Returns the sizes of every image with layers: shared with other images of the store, and unique. */
export function sharedSizes({
  db,
  images,
  layers,
}: Pick<Metadata, 'db' | 'images' | 'layers'>): Map<Digest, ImageSharing> {
  return db.read(() => {
    const sizes = new Map(layers.list().map(({ diffId, sizeBytes }) => [diffId, sizeBytes]));
    const chains = [...images.allLayers()].map(([id, chain]) => ({ id, layers: chain }));
    const uses = new Map<ChainId, number>();
    for (const { chainId } of chains.flatMap((chain) => chain.layers)) uses.set(chainId, (uses.get(chainId) ?? 0) + 1);
    return new Map(
      chains.map((chain) => {
        let [sharedBytes, uniqueBytes] = [0, 0];
        for (const { chainId, diffId } of chain.layers) {
          const size = sizes.get(diffId) ?? 0;
          if ((uses.get(chainId) ?? 0) > 1) sharedBytes += size;
          else uniqueBytes += size;
        }
        return [chain.id, { sharedBytes, uniqueBytes }];
      }),
    );
  });
}
