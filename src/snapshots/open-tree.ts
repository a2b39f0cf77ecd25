import type { AbortOptions } from '../lib/abort.ts';
import { mountHidden } from './hidden-mount.ts';
import type { SnapshotTree, Snapshotter } from './types.ts';

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
  return await mountHidden(mounts);
}

const standing = (path: string): SnapshotTree => ({ path, [Symbol.asyncDispose]: async () => {} });
