import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import type { Snapshotter } from '../../snapshots/types.ts';

const label = 'strata.parent-dependent';

/**
 * Records that unpacking this snapshot's layer followed a symlink of a layer below. All snapshots of one diffID share
 * an index, which has the paths of the layer on another parent, so the tar cannot be made again from this snapshot.
 */
export async function markParentDependent(
  snapshotter: Pick<Snapshotter, 'stat' | 'update'>,
  id: string,
): Promise<void> {
  await snapshotter.update(id, { ...snapshotter.stat(id).labels, [label]: 'yes' });
}

/** True when the snapshot was marked by {@link markParentDependent}. */
export const isParentDependent = ({ labels }: Pick<SnapshotRecord, 'labels'>): boolean => labels[label] !== undefined;

/** True when the paths in a layer's index are those of its entries in this snapshot. */
export const fitsChain = (
  { summary }: Pick<LayerIndex, 'summary'>,
  snapshot: Pick<SnapshotRecord, 'labels'>,
): boolean => !summary.parentDependent && !isParentDependent(snapshot);
