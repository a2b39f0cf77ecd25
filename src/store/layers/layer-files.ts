import type { AbortOptions } from '../../lib/abort.ts';
import { layerSnapshots } from '../../snapshots/amendment.ts';
import { ownDirectories } from '../../snapshots/own-directories.ts';
import type { Store } from '../store.ts';
import type { OpenLayerFiles } from './types.ts';

/**
 * Opens the files of a snapshot's layer: its own directories, or the whole tree where the driver has no own
 * directories. Throws ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED.
 */
export async function openLayerFiles(store: Store, snapshotId: string, options: AbortOptions): Promise<OpenLayerFiles> {
  const { trees, metadata } = store;
  const { snapshotter } = await store.openDriver();
  const directories = ownDirectories(snapshotter);
  if (directories === undefined) {
    const tree = await trees.open(snapshotId, { ...options, access: 'read' });
    return { files: tree.path, [Symbol.asyncDispose]: () => tree[Symbol.asyncDispose]() };
  }
  const files = layerSnapshots(snapshotId, metadata.snapshots).map((id) => directories.ownDirectory(id));
  return { files, [Symbol.asyncDispose]: async () => {} };
}
