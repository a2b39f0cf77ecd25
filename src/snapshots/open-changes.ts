import type { ChangedTree } from '../layer/diff/change.ts';
import { closeFd } from '../sys/fs-at.ts';
import { mountDetached } from '../sys/mount-list.ts';
import { amendedId } from './amendment.ts';
import { type OpenTreeOptions, openTree } from './open-tree.ts';
import { ownDirectories } from './own-directories.ts';
import type { OpenedSnapshotter } from './storage-driver.ts';
import type { LayerDirectories } from './types.ts';

/** The changes of a snapshot, open until disposal. */
export interface SnapshotChanges extends AsyncDisposable {
  readonly tree: ChangedTree;
}

/**
 * Opens the changes of a snapshot: its own directory and those below it where the driver keeps them, otherwise its
 * whole tree and its parent's. With access to write, changes go to `tree.upperDir`. See {@link openTree}.
 */
export async function openChanges(
  snapshotter: OpenedSnapshotter,
  id: string,
  options: OpenTreeOptions,
): Promise<SnapshotChanges> {
  const directories = ownDirectories(snapshotter);
  return directories === undefined
    ? await openWhole(snapshotter, id, options)
    : openOwn(snapshotter, directories, id, options);
}

async function openWhole(
  snapshotter: OpenedSnapshotter,
  id: string,
  options: OpenTreeOptions,
): Promise<SnapshotChanges> {
  await using opened = new AsyncDisposableStack();
  const upper = opened.use(await openTree(snapshotter, id, options));
  const { parentId } = snapshotter.stat(id);
  const lower =
    parentId === undefined
      ? undefined
      : opened.use(await openTree(snapshotter, parentId, { ...options, access: 'read' }));
  const all = opened.move();
  return {
    tree: { kind: 'trees', upperDir: upper.path, lowerDir: lower?.path },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function openOwn(
  snapshotter: OpenedSnapshotter,
  directories: LayerDirectories,
  id: string,
  { access }: OpenTreeOptions,
): SnapshotChanges {
  const info = snapshotter.stat(id);
  const own = directories.ownDirectory(id);
  const below = directories.lowerDirectories(id);
  const isAmendment = amendedId(info) !== undefined;
  const [amendedDir, ...others] = below;
  // Its container may put a device in place of a file.
  const fd =
    access === 'read' && info.kind === 'active'
      ? mountDetached([{ type: 'bind', source: own, readOnly: true }])
      : undefined;
  const upperDir = fd === undefined ? own : `/proc/self/fd/${fd}/.`;
  return {
    tree: isAmendment
      ? { kind: 'overlay', upperDir, amendedDir, lowerDirs: others }
      : { kind: 'overlay', upperDir, lowerDirs: below },
    [Symbol.asyncDispose]: async () => {
      if (fd !== undefined) closeFd(fd);
    },
  };
}
