import { readdirSync } from 'node:fs';
import { isStrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { recordPrune } from '../../../metadata/record-best-effort.ts';
import { compileFilters, Filters, type FilterTable, hasLabels, lacksLabels } from '../../../query/filters.ts';
import { untilFilter } from '../../../query/until-filter.ts';
import { collectGarbage } from '../../../store/garbage/collect.ts';
import { SnapshotSizes } from '../../../store/snapshot-sizes.ts';
import type { Store } from '../../../store/store.ts';
import { addContainerEvent } from '../../events/container-event.ts';
import { removeFolder } from '../state/discard.ts';
import { reconcileContainers } from '../state/reconcile.ts';
import { isRunning, labelsOf } from '../state/state.ts';

export interface PruneContainersRequest extends AbortOptions {
  /** `until`, `label`, `label!`. */
  readonly filters?: Filters;
}

export interface PrunedContainers {
  readonly deleted: readonly string[];
  /** Allocated blocks of their writable layers. */
  readonly reclaimedBytes: number;
  /** What could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes the containers in which nothing runs. Throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID. */
export async function pruneContainers(
  store: Store,
  { signal, filters = Filters.fromFlags([]) }: PruneContainersRequest,
): Promise<PrunedContainers> {
  const { metadata } = store;
  const goes = compileFilters(filters, containerFilters(new Date()));
  const stopped = (): ContainerRecord[] =>
    metadata.containers.list().filter((record) => !isRunning(metadata, record) && goes(record));
  await reconcileContainers(store, { signal });
  const snapshots = stopped().flatMap(({ snapshotId }) => snapshotId ?? []);
  const sizes = await SnapshotSizes.measure(store, snapshots, { signal });
  let deleted: readonly string[] = [];
  const { removed, warnings } = await collectGarbage(store, {
    signal,
    release: () => {
      const gone = stopped().filter(({ id }) => metadata.containers.remove(id));
      for (const record of gone) addContainerEvent(metadata, record, { action: 'destroy' });
      deleted = gone.map(({ id }) => id);
    },
  });
  removeStrayFolders(store);
  const reclaimedBytes = sizes.sumOf(removed);
  await recordPrune(metadata, 'container', reclaimedBytes);
  return { deleted, reclaimedBytes, warnings };
}

/** A container's folder is made when its record stands, and goes with it: one without a record is nobody's. */
function removeStrayFolders({ layout, metadata }: Store): void {
  for (const id of readdirSync(layout.containers)) {
    if (metadata.containers.get(id) !== undefined) continue;
    try {
      removeFolder(layout, id);
    } catch (error) {
      // The next who prunes tries again.
      if (!isStrataError(error, 'ERR_CONTAINER_REMOVAL')) throw error;
    }
  }
}

const containerFilters = (now: Date): FilterTable<ContainerRecord> => ({
  label: hasLabels(labelsOf),
  'label!': lacksLabels(labelsOf),
  until: untilFilter(({ createdAt }) => createdAt, now),
});
