import type { ContainerChanges } from '../../../containers/mounts/mount-stubs.ts';
import type { ChangedTree } from '../../../layer/diff/change.ts';
import type { OpenedSnapshotter } from '../../../snapshots/storage-driver.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { mountDetached } from '../../../sys/mount-spec.ts';

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

/**
 * {@link changesOf}, to be read while the container may run: through a mount in which no device opens, so that nobody has
 * root open one that comes into the place of a file.
 */
export function openChanges(snapshotter: OpenedSnapshotter, snapshotId: string): ContainerChanges & Disposable {
  const changes = changesOf(snapshotter, snapshotId);
  const fd = mountDetached({ type: 'bind', source: changes.directory, readOnly: true });
  return { ...changes, directory: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeFd(fd) };
}

export const changedTree = ({ directory, lowerDirs, isWhole }: ContainerChanges): ChangedTree =>
  isWhole
    ? { kind: 'trees', upperDir: directory, lowerDir: lowerDirs[0] }
    : { kind: 'overlay', upperDir: directory, lowerDirs };
