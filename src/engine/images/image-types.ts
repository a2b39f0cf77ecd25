import type { HistoryStep } from '../../images/history.ts';
import type { LayerNode } from '../../images/layer-tree.ts';
import type { ImageSharing } from '../../images/shared-sizes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Filters } from '../../query/filters.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';

/** A row of `images`: an image under one of its names, or an image without names. */
export interface ImageSummary {
  readonly id: Digest;
  /** Familiar form, such as `busybox` or `ghcr.io/org/app`. Undefined for an image without a name. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  /** Digest of the manifest or index that the name points at. */
  readonly digest: Digest | undefined;
  readonly createdAt: Date | undefined;
  /** Sum of the file sizes of all layers. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly os: string;
  readonly architecture: string;
}

/** The build steps of an image. */
export interface ImageHistory {
  readonly id: Digest;
  /** Newest first. */
  readonly steps: readonly HistoryStep[];
}

/** Result of `images.inspect`. */
export interface ImageDetails {
  /** Digest of the config. */
  readonly id: Digest;
  /** Names in their familiar form, such as `busybox:latest`. */
  readonly references: readonly string[];
  /** Digests of the manifests and indexes that lead to the image. */
  readonly targets: readonly Digest[];
  readonly config: ImageConfig;
  /** Sum of the file sizes of all layers. */
  readonly sizeBytes: number;
  /** Time of the last tagging. Undefined for an image without a name. */
  readonly taggedAt: Date | undefined;
  /** Location of its files in the storage driver. */
  readonly storage: ImageStorage;
}

/** The directories of an image's layers. */
export interface ImageStorage {
  readonly driver: string;
  /** Own directories of the layers, topmost first. Empty if the driver has none or the layers are not unpacked. */
  readonly directories: readonly string[];
}

/** An image, and the bytes it shares with all others of the store. */
export interface SharingImage extends ImageSummary, ImageSharing {}

/** The images of a store by their layers. */
export interface ImageTree {
  /** Base layers, each with the layers on top of it. */
  readonly layers: readonly LayerNode[];
  /** The result of `images.list`, in its order. */
  readonly images: readonly SharingImage[];
}

/** Options of a look-up by name. */
export interface ImageLookUpOptions extends AbortOptions {
  /** `os/architecture[/variant]`: accepts only the image for it. Default: the image that this machine would run. */
  readonly platform?: string;
}

/** Options of `images.list` and `images.tree`. */
export interface ListImagesOptions extends AbortOptions {
  /** `dangling`, `label`, `before`, `since`, `reference`, `until`. */
  readonly filters?: Filters;
}
