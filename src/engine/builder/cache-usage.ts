import type { Holdings } from '../../images/holdings.ts';
import type { BuildRecord } from '../../metadata/build-records.ts';
import type { Metadata } from '../../metadata/metadata.ts';

/** One result of a build step that later builds may take. */
export interface CachedStep {
  /** Of the step's key, 64 hex digits. */
  readonly id: string;
  /** The step, as a build shows it. */
  readonly description: string;
  /** Allocated blocks of what the step alone adds. */
  readonly sizeBytes: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly useCount: number;
  /** A running operation works with it. */
  readonly inUse: boolean;
  /** An image stands on the same files, so that removing the record frees nothing. */
  readonly shared: boolean;
}

/** A record with the snapshots it leads to. */
export interface CacheEntry {
  readonly record: BuildRecord;
  readonly snapshots: readonly string[];
  readonly shared: boolean;
}

/** The build cache, least recently used first. */
export function cacheEntries({ builds, objects }: Metadata, { anyImage }: Holdings): CacheEntry[] {
  return builds.list().map((record) => {
    const links = objects.linksOf({ kind: 'build', key: record.key });
    const snapshots = links.filter(({ kind }) => kind === 'snapshot').map(({ key }) => key);
    return { record, snapshots, shared: snapshots.length > 0 && snapshots.every((id) => anyImage.has(id)) };
  });
}

/** A cache entry as users see it; `sizeOf` gives the bytes of a snapshot. */
export function cachedStep({ record, snapshots, shared }: CacheEntry, sizeOf: (id: string) => number): CachedStep {
  return {
    id: record.key.slice(record.key.indexOf(':') + 1),
    description: record.description,
    sizeBytes: snapshots.reduce((total, id) => total + sizeOf(id), 0),
    createdAt: new Date(record.createdAt),
    lastUsedAt: new Date(record.lastUsedAt),
    useCount: record.useCount,
    inUse: record.inUse,
    shared,
  };
}
