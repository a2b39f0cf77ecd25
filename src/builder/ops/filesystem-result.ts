import type { Mount } from '../../sys/mount-list.ts';
import type { Result } from '../solver/types.ts';

/** The filesystem after a step: a committed snapshot, or nothing at all (scratch). */
export interface FilesystemResult extends Result {
  readonly snapshotId: string | undefined;
  /** When the step's work was done, also when it now comes from the cache: milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Where an op changes files. The parent is not touched; what `change` threw leaves nothing behind. */
export interface Workspace {
  /** Gives `read` the files of a committed snapshot, as a path to open, and returns what it does. */
  read<T>(
    snapshotId: string,
    read: (directory: string) => Promise<T>,
    options: { readonly signal: AbortSignal },
  ): Promise<T>;
  /**
   * Gives `change` a writable tree that starts as the parent's (as a path to open), and commits it. The mount vanishes
   * with the process, whatever kills it. With `amends`, the change and the parent's own are one layer: what is removed
   * must be of that.
   */
  change(
    parentId: string | undefined,
    change: (directory: string) => Promise<void>,
    options: { readonly signal: AbortSignal; readonly amends?: boolean },
  ): Promise<string>;
}

/** The same for what was made apart from the steps below. */
export interface LinkWorkspace {
  /**
   * Commits on `parentId` what `ownId` holds, a committed snapshot that stands on nothing: what is there of another type
   * gives way, and of directories only the content below stays. It is the same layer.
   */
  stack(parentId: string, ownId: string, options: { readonly signal: AbortSignal }): Promise<string>;
}

/** The same for what mounts the tree itself. */
export interface MountWorkspace {
  run(
    parentId: string | undefined,
    change: (root: readonly Mount[]) => Promise<void>,
    options: { readonly signal: AbortSignal },
  ): Promise<RunSnapshot>;
}

export interface RunSnapshot {
  readonly snapshotId: string;
  /** Known for sure to be as the parent is; what is false may be, too. */
  readonly isUnchanged: boolean;
}
