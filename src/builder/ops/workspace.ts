import type { Mount } from '../../sys/mount-list.ts';

/** Snapshots in which an op changes files. The parent is not changed; nothing is left behind when `change` throws. */
export interface Workspace {
  /** Calls `read` with a path to the files of a committed snapshot, and returns its result. */
  read<T>(
    snapshotId: string,
    read: (directory: string) => Promise<T>,
    options: { readonly signal: AbortSignal },
  ): Promise<T>;
  /**
   * Calls `change` with the path of a writable tree that starts as the parent's, and commits it. The mount ends with
   * the process, even when that is killed. With `amends`, the change and the parent's own changes are one layer, and
   * only files of that layer may be removed.
   */
  change(
    parentId: string | undefined,
    change: (directory: string) => Promise<void>,
    options: { readonly signal: AbortSignal; readonly amends?: boolean },
  ): Promise<string>;
}

/** A workspace for files that were copied independently of the steps below. */
export interface LinkWorkspace {
  /**
   * Commits the files of `ownId`, a committed snapshot without a parent, on top of `parentId`, as the same layer.
   * Existing entries of another type are replaced; existing directories keep only their content.
   */
  stack(parentId: string, ownId: string, options: { readonly signal: AbortSignal }): Promise<string>;
}

/** A workspace for an op that mounts the tree itself. */
export interface MountWorkspace {
  run(
    parentId: string | undefined,
    change: (root: readonly Mount[]) => Promise<void>,
    options: { readonly signal: AbortSignal },
  ): Promise<RunSnapshot>;
}

export interface RunSnapshot {
  readonly snapshotId: string;
  /** True only when the snapshot is known to equal its parent; false means unknown. */
  readonly isUnchanged: boolean;
}
