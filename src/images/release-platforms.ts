import type { ImageLayer } from '../metadata/images.ts';
import type { Layers } from '../metadata/layers.ts';
import type { Digest } from '../spec/digest.ts';
import type { Platform } from '../spec/platform.ts';
import { type FoundImage, findPlatformImage, type ImageNames } from './find-image.ts';
import {
  checkUnused,
  type ReleasedImages,
  type ReleaseOptions,
  type RemovalStore,
  releaseImage,
} from './release-image.ts';

export interface PlatformRemovalStore extends RemovalStore {
  readonly layers: Layers;
}

/**
 * Removes the images for these platforms from the target of `text`; the name stays with the others. When no other is
 * left, this is `releaseImage`. Runs in the transaction that collects garbage. Throws as `releaseImage`, and
 * ERR_IMAGE_NOT_FOUND for a platform that the name does not have.
 */
export function releasePlatforms(
  store: PlatformRemovalStore,
  text: string,
  platforms: readonly Platform[],
  options: ReleaseOptions,
): ReleasedImages {
  const found = platforms.map((platform) => findPlatformImage(store, text, platform));
  const ids = new Set(found.map(({ id }) => id));
  const targets = new Set(found.flatMap((each) => targetsOf(store, each)));
  const shared = [...targets].filter((target) => othersOf(store, target, ids).length > 0);
  if (shared.length === 0) return releaseImage(store, text, options);
  for (const id of ids) {
    const users = store.containers.ofImage(id);
    checkUnused(id, { names: [], running: users.find(options.isRunning), stopped: users[0] }, options.force);
  }
  for (const target of shared) {
    const needed = new Set(othersOf(store, target, ids).flatMap((each) => blobsOf(store, target, each)));
    for (const id of ids) {
      const blobs = blobsOf(store, target, id).filter((digest) => !needed.has(digest));
      store.targets.removeImage(
        target,
        id,
        blobs.map((key) => ({ kind: 'blob', key })),
      );
    }
  }
  const layers = (id: Digest): ImageLayer[] => store.images.layersOf(id);
  return { untagged: [], images: [...ids].map((id) => ({ id, layers: layers(id) })) };
}

/** Returns the targets to remove an image from: every index that leads to it, when it was found by its ID. */
const targetsOf = ({ targets }: ImageNames, { id, target }: FoundImage): readonly Digest[] =>
  target === undefined ? targets.targetsOf(id) : [target];

const othersOf = ({ targets }: ImageNames, target: Digest, ids: ReadonlySet<Digest>): Digest[] =>
  targets.imagesOf(target).flatMap(({ imageId }) => (ids.has(imageId) ? [] : [imageId]));

/** Lists the blobs that a target keeps for an image: its manifests, and the blobs of its layers. */
const blobsOf = ({ targets, images, layers }: PlatformRemovalStore, target: Digest, id: Digest): Digest[] => [
  ...targets.imagesOf(target).flatMap(({ imageId, manifest }) => (imageId === id ? [manifest] : [])),
  ...images.layersOf(id).flatMap(({ diffId }) => layers.blobsOf(diffId).map(({ digest }) => digest)),
];
