import type { HistoryStep } from '../../images/history.ts';
import type { LayerNode } from '../../images/layer-tree.ts';
import type { ImageSharing } from '../../images/shared-sizes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Filters } from '../../query/filters.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';

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
  /** As `images.list` gives them. */
  readonly images: readonly SharingImage[];
}

export interface ImageLookUpOptions extends AbortOptions {
  /** `os/architecture[/variant]`: only the image for it will do. Default: what this machine would run. */
  readonly platform?: string;
}

export interface ListImagesOptions extends AbortOptions {
  /** `dangling`, `label`, `before`, `since`, `reference`, `until`. */
  readonly filters?: Filters;
}
