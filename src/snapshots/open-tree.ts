import type { AbortOptions } from '../lib/abort.ts';
import { mountHidden } from './mount-hidden.ts';
import type { SnapshotTree, Snapshotter } from './types.ts';

export interface OpenTreeOptions extends AbortOptions {
  /** `write` is for an active snapshot that no other process uses. */
  readonly access: 'read' | 'write';
}

/**
 * Opens the files of a snapshot, whatever its driver mounts: an existing directory is used directly, anything else is
 * mounted where no other process sees it, and ends with this process. No device opens in such a mount. An active
 * snapshot is always mounted for reading: its container may put a device in place of a file. Throws
 * ERR_SNAPSHOT_NOT_FOUND, ERR_SNAPSHOT_DAMAGED, and the errors of mounting.
 */
export async function openTree(
  snapshotter: Pick<Snapshotter, 'stat' | 'mounts'>,
  id: string,
  { access, signal }: OpenTreeOptions,
): Promise<SnapshotTree> {
  const mounts = await snapshotter.mounts(id, { signal, readOnly: access === 'read' });
  const [mount, second] = mounts;
  const mayChange = access === 'read' && snapshotter.stat(id).kind === 'active';
  if (mount?.type === 'bind' && second === undefined && !mayChange) return existingTree(mount.source);
  return await mountHidden(mounts);
}

const existingTree = (path: string): SnapshotTree => ({ path, [Symbol.asyncDispose]: async () => {} });
