import type { SnapshotChanges } from '../snapshots/open-changes.ts';
import type { OpenTreeOptions } from '../snapshots/open-tree.ts';
import type { SnapshotTree } from '../snapshots/types.ts';

/** The files of a store's snapshots, those of the driver in use: the one way to look into them, whatever the driver mounts. */
export interface SnapshotTrees {
  /** Opens all files of a snapshot. Throws as `openTree` of the snapshots floor. */
  open(id: string, options: OpenTreeOptions): Promise<SnapshotTree>;
  /** Opens what a snapshot changed. Throws as `openChanges` of the snapshots floor. */
  openChanges(id: string, options: OpenTreeOptions): Promise<SnapshotChanges>;
}
