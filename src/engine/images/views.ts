import { listFilters } from '../../images/filter-images.ts';
import { type FoundImage, findImage, findPlatformImage } from '../../images/find-image.ts';
import { type HistoryStep, historyOf } from '../../images/history.ts';
import { type LayerNode, layerTree, onlyBelow } from '../../images/layer-tree.ts';
import { lookAtImage } from '../../images/look-at-image.ts';
import { type ImageSharing, sharedSizes } from '../../images/shared-sizes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ListedImage } from '../../metadata/images.ts';
import { compileFilters, Filters } from '../../query/filters.ts';
import { familiarName, familiarString, parseReference } from '../../reference/index.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import { type Platform, parsePlatform } from '../../spec/platform.ts';
import type { Store } from '../../store/store.ts';
import { perform } from '../perform.ts';

/** One line of `images`: an image under one of its names, or under none. */
export interface ImageSummary {
  readonly id: Digest;
  /** As people write it; undefined for an image without a name. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  /** Digest of the target the name points at. */
  readonly digest: Digest | undefined;
  readonly createdAt: Date | undefined;
  /** Sum of the file sizes of all layers. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly os: string;
  readonly architecture: string;
}

export interface ImageHistory {
  readonly id: Digest;
  /** Newest first. */
  readonly steps: readonly HistoryStep[];
}

/** Everything `inspect` tells of an image. */
export interface ImageDetails {
  readonly id: Digest;
  readonly references: readonly string[];
  readonly targets: readonly Digest[];
  readonly config: ImageConfig;
  readonly sizeBytes: number;
  /** When a name was last given to it; undefined for an image without one. */
  readonly taggedAt: Date | undefined;
  /** Where its files are, as the storage driver keeps them. */
  readonly storage: ImageStorage;
}

export interface ImageStorage {
  readonly driver: string;
  /** Own directories of its layers, the topmost first; empty where a driver has none, or the layers are not unpacked. */
  readonly directories: readonly string[];
}

/** An image and what it shares with all others of the store. */
export interface SharingImage extends ImageSummary, ImageSharing {}

export interface ImageTree {
  /** Base layers, and on each what stands on it. */
  readonly layers: readonly LayerNode[];
  /** As {@link ImageViews.list}. */
  readonly images: readonly SharingImage[];
}

export interface ImageLookUpOptions extends AbortOptions {
  /** `os/architecture[/variant]`: only the image for it will do. Default: what this machine would run. */
  readonly platform?: string;
}

/** What is there, by name, and what it is made of. Reads only. */
export class ImageViews {
  readonly #store: Store;
  readonly #platform: Platform;

  constructor(store: Store, platform: Platform) {
    this.#store = store;
    this.#platform = platform;
  }

  /**
   * All images, newest first, once for each of their names; with filters (`dangling`, `label`, `before`, `since`,
   * `reference`, `until`) only what they let through. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID, ERR_PATTERN_INVALID,
   * and for the images of `before` and `since` as {@link history}.
   */
  list(filters: Filters = Filters.fromFlags([])): ImageSummary[] {
    return this.#store.metadata.db.read(() => {
      const stays = compileFilters(
        filters,
        listFilters((name) => this.#createdAt(name), new Date()),
      );
      return this.#store.metadata.images.list().flatMap(summariesOf).filter(stays);
    });
  }

  /** Which images stand on which layers, and what each has with others and for itself; filters as {@link list}. */
  tree(filters: Filters = Filters.fromFlags([])): ImageTree {
    const { metadata } = this.#store;
    return metadata.db.read(() => {
      const sharing = sharedSizes(metadata);
      const nothing = { sharedBytes: 0, uniqueBytes: 0 };
      const images = this.list(filters).map((image) => ({ ...image, ...(sharing.get(image.id) ?? nothing) }));
      const shown = new Set(images.map(({ id }) => id));
      return { layers: onlyBelow(layerTree(metadata), shown), images };
    });
  }

  /** Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_REFERENCE_INVALID, ERR_PLATFORM_INVALID. */
  history(name: string, options: ImageLookUpOptions = {}): Promise<ImageHistory> {
    const look = (): { readonly id: Digest; readonly sizes: ReadonlyMap<DiffId, number | undefined> } => {
      const { id } = this.#find(name, options);
      const layers = this.#store.metadata.images.layersOf(id);
      return {
        id,
        sizes: new Map(layers.map(({ diffId }) => [diffId, this.#store.metadata.layers.get(diffId)?.sizeBytes])),
      };
    };
    return perform(async () => {
      const { id, sizes, config } = await lookAtImage(this.#store, look, options);
      return { id, steps: historyOf(config, (diffId) => sizes.get(diffId)) };
    }, options);
  }

  /** Throws as {@link history}. */
  inspect(name: string, options: ImageLookUpOptions = {}): Promise<ImageDetails> {
    const look = (): Omit<ImageDetails, 'config'> => this.#recorded(this.#find(name, options).id);
    return perform(() => lookAtImage(this.#store, look, options), options);
  }

  /** What the database says of an image, in a transaction of the caller's. */
  #recorded(id: Digest): Omit<ImageDetails, 'config'> {
    const targets = this.#store.metadata.targets.targetsOf(id);
    const tags = targets.flatMap((target) => this.#store.metadata.tags.ofTarget(target));
    const taggedAt = tags.length === 0 ? undefined : new Date(Math.max(...tags.map(({ updatedAt }) => updatedAt)));
    return {
      id,
      references: tags.map(({ reference }) => familiar(reference)),
      targets,
      sizeBytes: this.#store.metadata.images.get(id)?.sizeBytes ?? 0,
      taggedAt,
      storage: this.#storageOf(id),
    };
  }

  #find(name: string, { platform }: ImageLookUpOptions): FoundImage {
    if (platform === undefined) return findImage(this.#store.metadata, name, this.#platform);
    return findPlatformImage(this.#store.metadata, name, parsePlatform(platform, this.#platform));
  }

  #storageOf(image: Digest): ImageStorage {
    const { name, snapshotter } = this.#store.driver;
    const top = this.#store.metadata.images.layersOf(image).at(-1);
    const id = top && this.#store.metadata.snapshots.ofChain(name, top.chainId);
    if (id === undefined || !snapshotter.ownDirectory || !snapshotter.lowerDirectories) {
      return { driver: name, directories: [] };
    }
    return { driver: name, directories: [snapshotter.ownDirectory(id), ...snapshotter.lowerDirectories(id)] };
  }

  #createdAt(name: string): Date | undefined {
    const { id } = findImage(this.#store.metadata, name, this.#platform);
    const madeAt = this.#store.metadata.images.get(id)?.madeAt;
    return madeAt === undefined ? undefined : new Date(madeAt);
  }
}

const familiar = (reference: string): string => familiarString(parseReference(reference));

function summariesOf(image: ListedImage): ImageSummary[] {
  const common = {
    id: image.id,
    createdAt: image.madeAt === undefined ? undefined : new Date(image.madeAt),
    sizeBytes: image.sizeBytes,
    labels: image.labels,
    os: image.os,
    architecture: image.architecture,
  };
  if (image.tags.length === 0) {
    return [{ ...common, repository: undefined, tag: undefined, digest: image.targets[0] }];
  }
  return image.tags.map(({ reference, target }) => {
    const parsed = parseReference(reference);
    return { ...common, repository: familiarName(parsed), tag: parsed.tag, digest: target };
  });
}
