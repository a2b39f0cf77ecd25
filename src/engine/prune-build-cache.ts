import { onlyTime } from '../images/filter-images.ts';
import { holdingsOf } from '../images/holdings.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { compileFilters, Filters, type FilterTable } from '../query/filters.ts';
import { compareInstants } from '../query/timestamp.ts';
import { type CachedStep, type CacheEntry, cachedStep, cacheEntries } from './build-cache-usage.ts';
import { collectGarbage, type GarbageParts } from './garbage.ts';
import { SnapshotSizes } from './snapshot-sizes.ts';

export interface PruneBuildCacheRequest extends AbortOptions {
  /** Also steps that an image stands on: the image stays, but its steps will run again. */
  readonly all?: boolean;
  /** `until`: only what was not used since. */
  readonly filters?: Filters;
}

export interface PrunedBuildCache {
  /** Of the steps, as `buildCache` names them. */
  readonly deleted: readonly string[];
  /** Allocated blocks that are free now. */
  readonly reclaimedBytes: number;
}

/** The build cache with what each step takes of the disk, least recently used first. */
export async function buildCacheSteps(parts: GarbageParts, options: AbortOptions): Promise<CachedStep[]> {
  const entries = cacheEntries(parts.metadata, holdingsOf(parts.metadata));
  const sizes = await SnapshotSizes.measure(
    parts.driver,
    entries.flatMap(({ snapshots }) => snapshots),
    options,
  );
  return entries.map((entry) => cachedStep(entry, (id) => sizes.of(id)));
}

/** Forgets results of build steps, except for what a running build uses. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID. */
export async function pruneBuildCache(parts: GarbageParts, request: PruneBuildCacheRequest): Promise<PrunedBuildCache> {
  const { metadata, driver } = parts;
  const { signal, all = false, filters = Filters.fromFlags([]) } = request;
  const goes = compileFilters(filters, cacheFilters(new Date()));
  const unused = (): CacheEntry[] =>
    cacheEntries(metadata, holdingsOf(metadata)).filter(
      (entry) => (all || !entry.shared) && !entry.record.inUse && goes(entry),
    );
  const sizes = await SnapshotSizes.measure(
    driver,
    unused().flatMap(({ snapshots }) => snapshots),
    { signal },
  );
  let deleted: readonly CachedStep[] = [];
  const { removed } = await collectGarbage(parts, {
    signal,
    release: () => {
      deleted = removeEntries(metadata, unused());
    },
  });
  return { deleted: deleted.map(({ id }) => id), reclaimedBytes: sizes.sumOf(removed) };
}

const removeEntries = ({ builds }: Metadata, entries: readonly CacheEntry[]): CachedStep[] =>
  entries.filter(({ record }) => builds.remove(record.key)).map((entry) => cachedStep(entry, () => 0));

const cacheFilters = (now: Date): FilterTable<CacheEntry> => ({
  until: (times) => {
    const limit = onlyTime(times, now);
    return ({ record }) => compareInstants({ seconds: record.lastUsedAt / 1000, nanoseconds: 0 }, limit) < 0;
  },
});
