import type { AbortOptions } from '../lib/abort.ts';
import { closeFd } from '../sys/fs-at.ts';
import { mountDetached } from '../sys/mount-list.ts';
import type { Snapshotter } from './types.ts';

/** All files of a snapshot, for as long as this is held. */
export interface SnapshotTree extends AsyncDisposable {
  /** An absolute path that this process alone can use, also from its threads. */
  readonly path: string;
}

export interface OpenTreeOptions extends AbortOptions {
  /** `write` is for an active snapshot that nobody else uses. */
  readonly access: 'read' | 'write';
}

/**
 * Opens the files of a snapshot, whatever its driver mounts: a directory that stands there is used as it is, anything else
 * is mounted where nobody sees it and goes with this process. No device opens in what is mounted, and an active snapshot is
 * always mounted to be read: its container may put a device in the place of a file. Throws ERR_SNAPSHOT_NOT_FOUND,
 * ERR_SNAPSHOT_DAMAGED, and what mounting throws.
 */
export async function openTree(
  snapshotter: Pick<Snapshotter, 'stat' | 'mounts'>,
  id: string,
  { access, signal }: OpenTreeOptions,
): Promise<SnapshotTree> {
  const mounts = await snapshotter.mounts(id, { signal, readOnly: access === 'read' });
  const [mount, second] = mounts;
  const mayChange = access === 'read' && snapshotter.stat(id).kind === 'active';
  if (mount?.type === 'bind' && second === undefined && !mayChange) return standing(mount.source);
  const fd = mountDetached(mounts);
  // The dot leads into the mount where a symlink is not followed.
  return { path: `/proc/self/fd/${fd}/.`, [Symbol.asyncDispose]: async () => closeFd(fd) };
}

const standing = (path: string): SnapshotTree => ({ path, [Symbol.asyncDispose]: async () => {} });
