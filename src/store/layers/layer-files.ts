import type { LayerFiles } from '../../layer/remake.ts';
import { layerSnapshots } from '../../snapshots/amendment.ts';
import type { Store } from '../store.ts';

/**
 * Returns where the files are of the layer that a snapshot stands for: its own directories, or a whole tree where the
 * driver knows no others. Throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED.
 */
export function layerFiles({ driver: { snapshotter }, metadata }: Store, snapshotId: string): LayerFiles {
  if (!snapshotter.ownDirectory) return snapshotter.mounts(snapshotId)[0]?.source ?? '';
  const own = snapshotter.ownDirectory.bind(snapshotter);
  return layerSnapshots(snapshotId, metadata.snapshots).map(own);
}
