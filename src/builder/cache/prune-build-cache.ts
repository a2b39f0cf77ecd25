import { readSnapshotUsers, withAncestors } from '../../images/snapshot-users.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import { recordPrune } from '../../metadata/record-best-effort.ts';
import { compileFilters, Filters, type FilterTable } from '../../query/filters.ts';
import { untilFilter } from '../../query/until-filter.ts';
import { collectGarbage } from '../../store/garbage/collect.ts';
import { SnapshotSizes } from '../../store/snapshot-sizes.ts';
import type { Store } from '../../store/store.ts';
import { type CachedStep, type CacheEntry, listCacheEntries, toCachedStep } from './cache-entries.ts';

export interface PruneBuildCacheRequest extends AbortOptions {
  /** True also removes steps whose files an image has: the image stays, but its steps will run again. */
  readonly all?: boolean;
  /** `until`: only steps not used since. */
  readonly filters?: Filters;
  /**
   * Bytes to keep: the least recently used steps are removed first, until no more than this is left of those that could
   * be removed.
   */
  readonly keepBytes?: number;
}

export interface PrunedBuildCache {
  /** IDs of the removed steps, as `builder.list` returns them. */
  readonly deleted: readonly string[];
  /** Freed blocks, in bytes. */
  readonly reclaimedBytes: number;
  /** Files that could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Lists the build cache with the disk space of each step, least recently used first. */
export async function listBuildCache(store: Store, options: AbortOptions): Promise<CachedStep[]> {
  const entries = listCacheEntries(store.metadata, readSnapshotUsers(store.metadata));
  const sizes = await SnapshotSizes.measure(
    store,
    entries.flatMap(({ snapshots }) => snapshots),
    options,
  );
  return entries.map((entry) => toCachedStep(entry, (id) => sizes.of(id)));
}

/**
 * Removes results of build steps, except those in use by a running build. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID.
 */
export async function pruneBuildCache(store: Store, request: PruneBuildCacheRequest): Promise<PrunedBuildCache> {
  const { metadata } = store;
  const { signal, all = false, filters = Filters.fromFlags([]), keepBytes = 0 } = request;
  const isSelected = compileFilters(filters, cacheFilters(new Date()));
  const entries = (): CacheEntry[] =>
    listCacheEntries(metadata, readSnapshotUsers(metadata)).filter((entry) => all || !entry.shared);
  const { parents, ofAnyImage } = readSnapshotUsers(metadata);
  // Snapshots below a step may be left of steps that were removed earlier, and are removed with it.
  const below = (id: string): string[] =>
    withAncestors(parents, id).filter((each) => each === id || !ofAnyImage.has(each));
  const snapshots = entries().flatMap((entry) => entry.snapshots.flatMap(below));
  const sizes = await SnapshotSizes.measure(store, snapshots, { signal });
  let deleted: readonly CachedStep[] = [];
  const { removed, warnings } = await collectGarbage(store, {
    signal,
    release: () => {
      const isFree = (entry: CacheEntry): boolean => !entry.record.inUse && isSelected(entry);
      deleted = removeEntries(metadata, selectOldest(entries(), { isFree, sizes, keepBytes }));
    },
  });
  const reclaimedBytes = sizes.sumOf(removed);
  await recordPrune(metadata, 'builder', reclaimedBytes);
  return { deleted: deleted.map(({ id }) => id), reclaimedBytes, warnings };
}

interface SelectOptions {
  readonly isFree: (entry: CacheEntry) => boolean;
  readonly sizes: SnapshotSizes;
  readonly keepBytes: number;
}

/** Returns the entries to remove, least recently used first, until no more than `keepBytes` is left. */
function selectOldest(entries: readonly CacheEntry[], { isFree, sizes, keepBytes }: SelectOptions): CacheEntry[] {
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
  entries.filter(({ record }) => builds.remove(record.id)).map((entry) => toCachedStep(entry, () => 0));

const cacheFilters = (now: Date): FilterTable<CacheEntry> => ({
  until: untilFilter(({ record }) => record.lastUsedAt, now),
});
