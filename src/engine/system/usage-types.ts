import type { CachedStep } from '../../builder/cache/cache-usage.ts';
import type { ImageSharing } from '../../images/shared-sizes.ts';
import type { Digest } from '../../spec/digest.ts';

/** One kind of thing on the disk. Bytes are allocated blocks; the kinds share no file, so they add up. */
export interface UsageRow {
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  /** What would be free if all went that is not active. */
  readonly reclaimableBytes: number;
}

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  /** As lists of containers name it. */
  readonly image: string;
  readonly imageId: Digest | undefined;
  readonly status: string;
  /** `Exited (0) 2 minutes ago`, as lists show it. */
  readonly statusText: string;
  readonly command: readonly string[];
  readonly createdAt: Date;
  /** Its writable layer and its own files, in allocated blocks. */
  readonly sizeBytes: number;
}

export interface DiskUsage {
  /** Layers of images: their files and their indexes. */
  readonly images: UsageRow;
  readonly containers: UsageRow;
  readonly volumes: UsageRow;
  /** Results of build steps; those that an image stands on count as the image's. */
  readonly buildCache: UsageRow;
  /** Manifests, configs, and layers kept as they were received. */
  readonly blobs: UsageRow;
  /** Unfinished downloads and uploads; active ones are being written. */
  readonly transfers: UsageRow;
  /** The database, locks, space set aside, trash, and what nobody holds. */
  readonly other: UsageRow;
  /** What `du` says of the root. */
  readonly totalBytes: number;
  readonly sharing: ReadonlyMap<Digest, ImageSharing>;
  readonly containerList: readonly ContainerUsage[];
  readonly cachedSteps: readonly CachedStep[];
}
