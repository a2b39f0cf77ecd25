import type { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { SnapshotRecord } from '../../ledger/types.ts';
import type { Snapshotter } from '../../snapshots/types.ts';

const label = 'strata.parent-dependent';

/**
 * Notes that the layer of this snapshot went through a symlink of a layer below. The index is shared by all snapshots of
 * one diffID and tells the places of the layer on another parent, so this snapshot cannot give the tar back.
 */
export async function markParentDependent(
  snapshotter: Pick<Snapshotter, 'stat' | 'update'>,
  id: string,
): Promise<void> {
  await snapshotter.update(id, { ...snapshotter.stat(id).labels, [label]: 'yes' });
}

export const isParentDependent = ({ labels }: Pick<SnapshotRecord, 'labels'>): boolean => labels[label] !== undefined;

/** True when a layer's index says where its entries stand on the layers that this snapshot stands on. */
export const fitsChain = (
  { summary }: Pick<LayerIndex, 'summary'>,
  snapshot: Pick<SnapshotRecord, 'labels'>,
): boolean => !summary.parentDependent && !isParentDependent(snapshot);
