import { type ReleasedImages, type ReleaseOptions, releaseImage } from '../../images/release-image.ts';
import { type PlatformRemovalStore, releasePlatforms } from '../../images/release-platforms.ts';
import { releaseUnusedImages } from '../../images/release-unused-images.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { recordPrune } from '../../metadata/record-best-effort.ts';
import { Filters } from '../../query/filters.ts';
import type { ChainId, Digest } from '../../spec/digest.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { collectBriefly, collectGarbage } from '../../store/garbage/collect.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { reconcileContainers } from '../containers/state/reconcile.ts';
import { isRunning } from '../containers/state/state.ts';

/** Options of `images.remove`. */
export interface RemoveImageOptions extends AbortOptions {
  /** Removes all names of an image given by its ID, and images that only stopped containers use. */
  readonly force?: boolean;
  /** `os/architecture[/variant]`: removes only these of an image for several platforms; the name stays with the others. */
  readonly platforms?: readonly string[];
}

/** Options of `images.prune`. */
export interface PruneImagesRequest extends AbortOptions {
  /** Also images with names, unless a container uses them. */
  readonly all?: boolean;
  /** `until`, `label`, `label!`, `dangling`. */
  readonly filters?: Filters;
}

/** Result of `images.remove` and `images.prune`. */
export interface RemovedImages {
  /** Removed names in their familiar form, such as `busybox:latest`. */
  readonly untagged: readonly string[];
  /** IDs of removed images, each followed by the chainIDs of its removed layers, topmost first. */
  readonly deleted: readonly (Digest | ChainId)[];
  /** Sum of the file sizes of these layers. */
  readonly reclaimedBytes: number;
  /** Files that could not be deleted, a sentence each. Always empty for `images.remove`. */
  readonly warnings: readonly string[];
}

/** Removes a name, or an image with the layers that only it uses. Throws as `releasePlatforms`, and ERR_PLATFORM_INVALID. */
export async function removeImage(store: Store, name: string, request: RemoveImageOptions): Promise<RemovedImages> {
  await reconcileContainers(store, request);
  const options: ReleaseOptions = {
    force: request.force ?? false,
    platform: hostPlatform(),
    isRunning: (container) => isRunning(store.metadata, container),
  };
  const platforms = request.platforms?.map((platform) => parsePlatform(platform, hostPlatform())) ?? [];
  const release = (records: PlatformRemovalStore): ReleasedImages =>
    platforms.length === 0 ? releaseImage(records, name, options) : releasePlatforms(records, name, platforms, options);
  return await removeReleased(store, release, collectBriefly, request);
}

/** Removes unused images. Throws as `releaseUnusedImages`. */
export async function pruneImages(store: Store, request: PruneImagesRequest): Promise<RemovedImages> {
  await reconcileContainers(store, request);
  const options = { all: request.all ?? false, filters: request.filters ?? Filters.fromFlags([]), now: new Date() };
  const removed = await removeReleased(
    store,
    (records) => releaseUnusedImages(records, options),
    collectGarbage,
    request,
  );
  await recordPrune(store.metadata, 'image', removed.reclaimedBytes);
  return removed;
}

/** Runs `release` in the transaction of a garbage collection. Returns the images and layers that were really removed. */
async function removeReleased(
  store: Store,
  release: (store: PlatformRemovalStore) => ReleasedImages,
  collect: typeof collectBriefly,
  { signal }: AbortOptions,
): Promise<RemovedImages> {
  const { metadata } = store;
  // Read before the removal: sizes are removed with the layers.
  let released: ReleasedImages = { untagged: [], images: [] };
  const sizes = new Map<ChainId, number>();
  const { removed, warnings } = await collect(store, {
    signal,
    release: () => {
      released = release(metadata);
      for (const { diffId, chainId } of released.images.flatMap(({ layers }) => layers)) {
        sizes.set(chainId, metadata.layers.get(diffId)?.sizeBytes ?? 0);
      }
    },
  });
  const removedImages = new Set(removed.filter(({ kind }) => kind === 'image').map(({ key }) => key));
  // Layers that another image, the build cache or a running operation uses stay.
  const isRemoved = (chainId: ChainId): boolean =>
    sizes.has(chainId) && !metadata.images.hasChain(chainId) && !metadata.snapshots.hasChain(chainId);
  const deleted: (Digest | ChainId)[] = [];
  let reclaimedBytes = 0;
  for (const { id, layers } of released.images.filter((image) => removedImages.has(image.id))) {
    deleted.push(id);
    for (const { chainId } of layers.toReversed().filter((layer) => isRemoved(layer.chainId))) {
      deleted.push(chainId);
      reclaimedBytes += sizes.get(chainId) ?? 0;
      // Listed once, with the first image that had it.
      sizes.delete(chainId);
    }
  }
  return { untagged: released.untagged, deleted, reclaimedBytes, warnings };
}
