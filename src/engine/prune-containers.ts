import { onlyTime } from '../images/filter-images.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ContainerRecord } from '../metadata/containers.ts';
import { compileFilters, Filters, type FilterTable, hasLabels, lacksLabels } from '../query/filters.ts';
import { compareInstants } from '../query/timestamp.ts';
import { isRunning, stateOf } from './container-state.ts';
import { collectGarbage, type GarbageParts } from './garbage.ts';
import { SnapshotSizes } from './snapshot-sizes.ts';

export interface PruneContainersRequest extends AbortOptions {
  /** `until`, `label`, `label!`. */
  readonly filters?: Filters;
}

export interface PrunedContainers {
  readonly deleted: readonly string[];
  /** Allocated blocks of their writable layers. */
  readonly reclaimedBytes: number;
}

/** Removes the containers in which nothing runs. Throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID. */
export async function pruneContainers(
  parts: GarbageParts,
  { signal, filters = Filters.fromFlags([]) }: PruneContainersRequest,
): Promise<PrunedContainers> {
  const { metadata, driver } = parts;
  const goes = compileFilters(filters, containerFilters(new Date()));
  const stopped = (): ContainerRecord[] =>
    metadata.containers.list().filter((record) => !isRunning(metadata, record) && goes(record));
  // Those of killed processes hold leases that would make them look alive.
  metadata.leases.removeDead();
  const snapshots = stopped().flatMap(({ snapshotId }) => snapshotId ?? []);
  const sizes = await SnapshotSizes.measure(driver, snapshots, { signal });
  let deleted: readonly string[] = [];
  const { removed } = await collectGarbage(parts, {
    signal,
    release: () => {
      deleted = stopped()
        .filter(({ id }) => metadata.containers.remove(id))
        .map(({ id }) => id);
    },
  });
  return { deleted, reclaimedBytes: sizes.sumOf(removed) };
}

const labelsOf = (record: ContainerRecord): Readonly<Record<string, string>> => stateOf(record).labels;

const containerFilters = (now: Date): FilterTable<ContainerRecord> => ({
  label: hasLabels(labelsOf),
  'label!': lacksLabels(labelsOf),
  until: (times) => {
    const limit = onlyTime(times, now);
    return ({ createdAt }) => compareInstants({ seconds: createdAt / 1000, nanoseconds: 0 }, limit) < 0;
  },
});
