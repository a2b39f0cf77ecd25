import type { ContainerChanges } from '../../containers/mounts/mount-stubs.ts';
import type { ChangedTree } from '../../layer/diff/change.ts';
import type { OpenedSnapshotter } from '../../snapshots/open-snapshotter.ts';

/** Where the changes in a writable layer are, and what they are changes of. */
export function changesOf(snapshotter: OpenedSnapshotter, snapshotId: string): ContainerChanges {
  if (snapshotter.ownDirectory && snapshotter.lowerDirectories) {
    return {
      directory: snapshotter.ownDirectory(snapshotId),
      lowerDirs: snapshotter.lowerDirectories(snapshotId),
      isWhole: false,
    };
  }
  const { parentId } = snapshotter.stat(snapshotId);
  const treeOf = (id: string): string => snapshotter.mounts(id)[0]?.source ?? '';
  return { directory: treeOf(snapshotId), lowerDirs: parentId === undefined ? [] : [treeOf(parentId)], isWhole: true };
}

export const changedTree = ({ directory, lowerDirs, isWhole }: ContainerChanges): ChangedTree =>
  isWhole
    ? { kind: 'trees', upperDir: directory, lowerDir: lowerDirs[0] }
    : { kind: 'overlay', upperDir: directory, lowerDirs };
