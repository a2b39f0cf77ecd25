import { releaseUnused } from '../../images/prune-images.ts';
import { type ReleasedImages, type ReleaseOptions, releaseImage } from '../../images/remove-image.ts';
import { type PlatformRemovalStore, releasePlatforms } from '../../images/remove-platforms.ts';
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

export interface RemoveImageOptions extends AbortOptions {
  readonly force?: boolean;
  /** `os/architecture[/variant]`: of an image for several platforms only these, the name stays with the others. */
  readonly platforms?: readonly string[];
}

export interface PruneImagesRequest extends AbortOptions {
  /** Also images with names, unless a container uses them. */
  readonly all?: boolean;
  /** `until`, `label`, `label!`, `dangling`. */
  readonly filters?: Filters;
}

export interface RemovedImages {
  /** Names that are gone, as people write them. */
  readonly untagged: readonly string[];
  /** Image IDs, each followed by the chainIDs of its layers that are gone, the topmost first. */
  readonly deleted: readonly (Digest | ChainId)[];
  /** Sum of the file sizes of these layers. */
  readonly reclaimedBytes: number;
  /** What could not be deleted, a sentence each; told by pruning alone. */
  readonly warnings: readonly string[];
}

/** Removes a name, or an image with all that only it held. Throws as `releasePlatforms`, and ERR_PLATFORM_INVALID. */
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

/** Removes the images nobody uses. Throws as `releaseUnused`. */
export async function pruneImages(store: Store, request: PruneImagesRequest): Promise<RemovedImages> {
  await reconcileContainers(store, request);
  const options = { all: request.all ?? false, filters: request.filters ?? Filters.fromFlags([]), now: new Date() };
  const removed = await removeReleased(store, (records) => releaseUnused(records, options), collectGarbage, request);
  await recordPrune(store.metadata, 'image', removed.reclaimedBytes);
  return removed;
}

/** Runs `release` and the collection of what it let go as one, and tells what is really gone. */
async function removeReleased(
  store: Store,
  release: (store: PlatformRemovalStore) => ReleasedImages,
  collect: typeof collectBriefly,
  { signal }: AbortOptions,
): Promise<RemovedImages> {
  const { metadata } = store;
  // Sizes as they were: they die with the layers.
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
  const gone = new Set(removed.filter(({ kind }) => kind === 'image').map(({ key }) => key));
  // Layers that another image or the build cache still needs stay; so does what a running operation holds.
  const isGone = (chainId: ChainId): boolean =>
    sizes.has(chainId) && !metadata.images.hasChain(chainId) && !metadata.snapshots.hasChain(chainId);
  const deleted: (Digest | ChainId)[] = [];
  let reclaimedBytes = 0;
  for (const { id, layers } of released.images.filter((image) => gone.has(image.id))) {
    deleted.push(id);
    for (const { chainId } of layers.toReversed().filter((layer) => isGone(layer.chainId))) {
      deleted.push(chainId);
      reclaimedBytes += sizes.get(chainId) ?? 0;
      // Told once, with the first image that had it.
      sizes.delete(chainId);
    }
  }
  return { untagged: released.untagged, deleted, reclaimedBytes, warnings };
}
