import { invariant } from '../../../lib/invariant.ts';
import type { OpenedSnapshotter } from '../../../snapshots/storage-driver.ts';
import type { MountSpec } from '../../../sys/mount-spec.ts';

/** What a container sees, to be read only: the layer it writes to is mounted as one of those below. */
export function readOnlyRoot(snapshotter: OpenedSnapshotter, snapshotId: string): MountSpec {
  if (snapshotter.ownDirectory && snapshotter.lowerDirectories) {
    const own = snapshotter.ownDirectory(snapshotId);
    const lowerDirs = [own, ...snapshotter.lowerDirectories(snapshotId)];
    if (lowerDirs.length === 1) return { type: 'bind', source: own, readOnly: true };
    return { type: 'overlay', source: '', readOnly: true, overlay: { lowerDirs } };
  }
  return { ...writableMount(snapshotter, snapshotId), readOnly: true };
}

/** The root of a container as it is mounted when it runs: only for whoever holds its lock while it does not. */
export function writableMount(snapshotter: OpenedSnapshotter, snapshotId: string): MountSpec {
  const [mount] = snapshotter.mounts(snapshotId);
  invariant(mount !== undefined, 'a snapshot has a mount');
  return mount;
}
