import type { LayerFiles } from '../layer/remake.ts';
import type { SnapshotLedger } from '../ledger/types.ts';
import { layerSnapshots } from '../snapshots/amendment.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';

/**
 * Where the files are of the layer that this snapshot stands for: its own directories, or a whole tree where the driver
 * knows no others. Throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED.
 */
export function layerFiles(
  snapshotter: OpenedSnapshotter,
  ledger: Pick<SnapshotLedger, 'get'>,
  snapshotId: string,
): LayerFiles {
  if (!snapshotter.ownDirectory) return snapshotter.mounts(snapshotId)[0]?.source ?? '';
  const own = snapshotter.ownDirectory.bind(snapshotter);
  return layerSnapshots(snapshotId, ledger).map(own);
}
