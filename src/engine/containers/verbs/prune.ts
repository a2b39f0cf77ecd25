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

/** Options of `containers.prune`. */
export interface PruneContainersRequest extends AbortOptions {
  /** `until`, `label`, `label!`. */
  readonly filters?: Filters;
}

/** Result of `containers.prune`. */
export interface PrunedContainers {
  /** IDs of the removed containers. */
  readonly deleted: readonly string[];
  /** Size of their writable layers, in allocated blocks. */
  readonly reclaimedBytes: number;
  /** Files that could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes all stopped containers. Throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID. */
export async function pruneContainers(
  store: Store,
  { signal, filters = Filters.fromFlags([]) }: PruneContainersRequest,
): Promise<PrunedContainers> {
  const { metadata } = store;
  const isSelected = compileFilters(filters, containerFilters(new Date()));
  const findStopped = (): ContainerRecord[] =>
    metadata.containers.list().filter((record) => !isRunning(metadata, record) && isSelected(record));
  await reconcileContainers(store, { signal });
  const snapshots = findStopped().flatMap(({ snapshotId }) => snapshotId ?? []);
  const sizes = await SnapshotSizes.measure(store, snapshots, { signal });
  let deleted: readonly string[] = [];
  const { removed, warnings } = await collectGarbage(store, {
    signal,
    release: () => {
      const records = findStopped().filter(({ id }) => metadata.containers.remove(id));
      for (const record of records) addContainerEvent(metadata, record, { action: 'destroy' });
      deleted = records.map(({ id }) => id);
    },
  });
  removeStrayFolders(store);
  const reclaimedBytes = sizes.sumOf(removed);
  await recordPrune(metadata, 'container', reclaimedBytes);
  return { deleted, reclaimedBytes, warnings };
}

/** Removes folders without a record. A container's folder is created after its record and removed with it. */
function removeStrayFolders({ layout, metadata }: Store): void {
  for (const id of readdirSync(layout.containers)) {
    if (metadata.containers.get(id) !== undefined) continue;
    try {
      removeFolder(layout, id);
    } catch (error) {
      // The next prune tries again.
      if (!isStrataError(error, 'ERR_CONTAINER_REMOVAL')) throw error;
    }
  }
}

const containerFilters = (now: Date): FilterTable<ContainerRecord> => ({
  label: hasLabels(labelsOf),
  'label!': lacksLabels(labelsOf),
  until: untilFilter(({ createdAt }) => createdAt, now),
});
