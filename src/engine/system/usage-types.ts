import type { CachedStep } from '../../builder/cache/cache-entries.ts';
import type { ImageSharing } from '../../images/shared-sizes.ts';
import type { Digest } from '../../spec/digest.ts';

/** Disk usage of one kind of content. Bytes are allocated blocks. The kinds share no file, so they add up. */
export interface UsageRow {
  /** Number of objects. */
  readonly total: number;
  /** Number of objects in use. */
  readonly active: number;
  readonly sizeBytes: number;
  /** Bytes that removing all inactive objects would free. */
  readonly reclaimableBytes: number;
}

/** Disk usage of one container. */
export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  /** Its image as `containers.list` names it. */
  readonly image: string;
  readonly imageId: Digest | undefined;
  readonly status: string;
  /** Docker's text, such as `Exited (0) 2 minutes ago`. */
  readonly statusText: string;
  readonly command: readonly string[];
  readonly createdAt: Date;
  /** Size of its writable layer, log and other files, in allocated blocks. */
  readonly sizeBytes: number;
}

/** Result of `system.diskUsage`. */
export interface DiskUsage {
  /** Layers of images: their files and their indexes. */
  readonly images: UsageRow;
  readonly containers: UsageRow;
  readonly volumes: UsageRow;
  /** Results of build steps, except those that an image uses: they count as the image's. */
  readonly buildCache: UsageRow;
  /** Manifests, configs, and layers that are stored as they were received. */
  readonly blobs: UsageRow;
  /** Unfinished downloads and uploads. Active: being written. */
  readonly transfers: UsageRow;
  /** The database, locks, reserved space, trash, and unreferenced files. */
  readonly other: UsageRow;
  /** Size of the root as `du` reports it. */
  readonly totalBytes: number;
  /** Shared and unique bytes by image ID. */
  readonly sharing: ReadonlyMap<Digest, ImageSharing>;
  readonly containerList: readonly ContainerUsage[];
  readonly cachedSteps: readonly CachedStep[];
}
