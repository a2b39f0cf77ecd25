import type { SnapshotChanges } from '../snapshots/open-changes.ts';
import type { OpenTreeOptions } from '../snapshots/open-tree.ts';
import type { SnapshotTree } from '../snapshots/types.ts';

/** Opens the files of snapshots of the driver in use, whatever it mounts. No other code opens them. */
export interface SnapshotTrees {
  /** Opens all files of a snapshot. Throws as `openTree` in `snapshots`. */
  open(id: string, options: OpenTreeOptions): Promise<SnapshotTree>;
  /** Opens the files that a snapshot changes. Throws as `openChanges` in `snapshots`. */
  openChanges(id: string, options: OpenTreeOptions): Promise<SnapshotChanges>;
}
