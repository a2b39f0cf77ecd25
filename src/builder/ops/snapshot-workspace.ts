import { diskFailure, isDiskFull } from '../../content/disk-failure.ts';
import { isStrataError } from '../../errors/index.ts';
import { isUnchanged } from '../../layer/diff/is-unchanged.ts';
import type { Lease } from '../../ledger/types.ts';
import { amendmentLabels, withoutAmendment } from '../../snapshots/amendment.ts';
import { copyTree } from '../../snapshots/copy-tree.ts';
import type { Snapshotter } from '../../snapshots/types.ts';
import type { SnapshotTrees } from '../../store/trees.ts';
import type { Mount } from '../../sys/mount-list.ts';
import type { LinkWorkspace, MountWorkspace, RunSnapshot, Workspace } from './workspace.ts';

export interface SnapshotWorkspaceParts {
  readonly snapshotter: Snapshotter;
  readonly trees: SnapshotTrees;
  readonly lease: Lease;
}

/** Runs build steps in snapshots, each in a detached mount that ends with this process. */
export class SnapshotWorkspace implements Workspace, MountWorkspace, LinkWorkspace {
  readonly #snapshotter: Snapshotter;
  readonly #trees: SnapshotTrees;
  readonly #lease: Lease;

  constructor({ snapshotter, trees, lease }: SnapshotWorkspaceParts) {
    this.#snapshotter = snapshotter;
    this.#trees = trees;
    this.#lease = lease;
  }

  async read<T>(
    snapshotId: string,
    read: (directory: string) => Promise<T>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<T> {
    await using tree = await this.#trees.open(snapshotId, { access: 'read', signal });
    return await read(tree.path);
  }

  async change(
    parentId: string | undefined,
    change: (directory: string) => Promise<void>,
    { signal, amends = false }: { readonly signal: AbortSignal; readonly amends?: boolean },
  ): Promise<string> {
    const work = async (id: string): Promise<void> => {
      await using tree = await this.#trees.open(id, { access: 'write', signal });
      await change(tree.path);
    };
    const { snapshotId } = await this.#make(parentId, work, { signal, labels: amends ? amendmentLabels : {} });
    return snapshotId;
  }

  async stack(parentId: string, ownId: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    const work = async (id: string): Promise<void> => {
      // The changes of a driver that stores them apart are empty still, and the kernel merges them. A snapshot that
      // amends another one is complete only in a mount.
      await using own = await this.#trees.open(ownId, { access: 'read', signal });
      await using changes = await this.#trees.openChanges(id, { access: 'write', signal });
      await copyTree(own.path, changes.tree.upperDir, { over: true, signal });
    };
    const labels = withoutAmendment(this.#snapshotter.stat(ownId).labels);
    return (await this.#make(parentId, work, { signal, labels })).snapshotId;
  }

  async run(
    parentId: string | undefined,
    change: (root: readonly Mount[]) => Promise<void>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<RunSnapshot> {
    const work = async (id: string): Promise<void> => await change(await this.#snapshotter.mounts(id, { signal }));
    return await this.#make(parentId, work, { signal, labels: {} });
  }

  async #make(
    parentId: string | undefined,
    work: (id: string) => Promise<void>,
    { signal, labels }: { readonly signal: AbortSignal; readonly labels: Readonly<Record<string, string>> },
  ): Promise<RunSnapshot> {
    const lease = this.#lease;
    const { id } = await this.#snapshotter.prepare(parentId, { lease, signal, labels, volatile: true });
    try {
      await work(id);
      const isUnchanged = await this.#isUnchanged(id);
      const committed = await this.#snapshotter.commit(id, { lease, signal, durable: false });
      return { snapshotId: committed.id, isUnchanged };
    } catch (error) {
      // Find out what is full before removing the snapshot frees space.
      const failure = isDiskFull(error) ? await this.#diskFailure(id, error) : error;
      await this.#discard(id);
      throw failure;
    }
  }

  async #diskFailure(id: string, error: unknown): Promise<unknown> {
    try {
      await using changes = await this.#trees.openChanges(id, { access: 'write' });
      return diskFailure(error, changes.tree.upperDir);
    } catch {
      // Mounting may fail on a full disk, too.
      return error;
    }
  }

  /** Compares the changes with the parent; possible only for drivers that store changes apart. */
  async #isUnchanged(id: string): Promise<boolean> {
    if (!this.#snapshotter.capabilities.nativeDiff) return false;
    await using changes = await this.#trees.openChanges(id, { access: 'write' });
    const { tree } = changes;
    if (tree.kind !== 'overlay') return false;
    const below = tree.amendedDir ?? tree.lowerDirs[0];
    return below !== undefined && isUnchanged(tree.upperDir, below);
  }

  /** Removes the snapshot, also after an abort. */
  async #discard(id: string): Promise<void> {
    try {
      await this.#snapshotter.remove(id, { lease: this.#lease });
    } catch (error) {
      if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
    }
  }
}
