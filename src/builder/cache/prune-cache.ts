import { readSnapshotUsers, withAncestors } from '../../images/snapshot-users.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { recordPrune } from '../../metadata/record-best-effort.ts';
import { compileFilters, Filters, type FilterTable } from '../../query/filters.ts';
import { untilFilter } from '../../query/until-filter.ts';
import { collectGarbage } from '../../store/garbage/collect.ts';
import { SnapshotSizes } from '../../store/snapshot-sizes.ts';
import type { Store } from '../../store/store.ts';
import { type CachedStep, type CacheEntry, cachedStep, cacheEntries } from './cache-usage.ts';

export interface PruneBuildCacheRequest extends AbortOptions {
  /** Also steps that an image stands on: the image stays, but its steps will run again. */
  readonly all?: boolean;
  /** `until`: only what was not used since. */
  readonly filters?: Filters;
  /** Stops, the least recently used gone first, when no more than this is left of what could go. */
  readonly keepBytes?: number;
}

export interface PrunedBuildCache {
  /** Of the steps, as `buildCache` names them. */
  readonly deleted: readonly string[];
  /** Allocated blocks that are free now. */
  readonly reclaimedBytes: number;
  /** What could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** The build cache with what each step takes of the disk, least recently used first. */
export async function buildCacheSteps(store: Store, options: AbortOptions): Promise<CachedStep[]> {
  const entries = cacheEntries(store.metadata, readSnapshotUsers(store.metadata));
  const sizes = await SnapshotSizes.measure(
    store,
    entries.flatMap(({ snapshots }) => snapshots),
    options,
  );
  return entries.map((entry) => cachedStep(entry, (id) => sizes.of(id)));
}

/** Forgets results of build steps, except for what a running build uses. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID. */
export async function pruneBuildCache(store: Store, request: PruneBuildCacheRequest): Promise<PrunedBuildCache> {
  const { metadata } = store;
  const { signal, all = false, filters = Filters.fromFlags([]), keepBytes = 0 } = request;
  const goes = compileFilters(filters, cacheFilters(new Date()));
  const entries = (): CacheEntry[] =>
    cacheEntries(metadata, readSnapshotUsers(metadata)).filter((entry) => all || !entry.shared);
  const { parents, ofAnyImage } = readSnapshotUsers(metadata);
  // What steps stand on may be left of steps that went before, and goes with them.
  const below = (id: string): string[] =>
    withAncestors(parents, id).filter((each) => each === id || !ofAnyImage.has(each));
  const snapshots = entries().flatMap((entry) => entry.snapshots.flatMap(below));
  const sizes = await SnapshotSizes.measure(store, snapshots, { signal });
  let deleted: readonly CachedStep[] = [];
  const { removed, warnings } = await collectGarbage(store, {
    signal,
    release: () => {
      const isFree = (entry: CacheEntry): boolean => !entry.record.inUse && goes(entry);
      deleted = removeEntries(metadata, oldest(entries(), { isFree, sizes, keepBytes }));
    },
  });
  const reclaimedBytes = sizes.sumOf(removed);
  await recordPrune(metadata, 'builder', reclaimedBytes);
  return { deleted: deleted.map(({ id }) => id), reclaimedBytes, warnings };
}

interface OldestOptions {
  readonly isFree: (entry: CacheEntry) => boolean;
  readonly sizes: SnapshotSizes;
  readonly keepBytes: number;
}

/** Those of `entries`, least recently used first, that have to go until no more than `keepBytes` is left. */
function oldest(entries: readonly CacheEntry[], { isFree, sizes, keepBytes }: OldestOptions): CacheEntry[] {
  const free = entries.filter(isFree);
  if (keepBytes === 0) return free;
  const sizeOf = ({ snapshots }: CacheEntry): number => snapshots.reduce((total, id) => total + sizes.of(id), 0);
  let left = entries.reduce((total, entry) => total + sizeOf(entry), 0);
  return free.filter((entry) => {
    if (left <= keepBytes) return false;
    left -= sizeOf(entry);
    return true;
  });
}

const removeEntries = ({ builds }: Metadata, entries: readonly CacheEntry[]): CachedStep[] =>
  entries.filter(({ record }) => builds.remove(record.id)).map((entry) => cachedStep(entry, () => 0));

const cacheFilters = (now: Date): FilterTable<CacheEntry> => ({
  until: untilFilter(({ record }) => record.lastUsedAt, now),
});
