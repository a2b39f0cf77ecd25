import type { LinkWorkspace, MountWorkspace, RunSnapshot, Workspace } from '../../builder/ops/filesystem-result.ts';
import { diskFailure, isDiskFull } from '../../content/disk-failure.ts';
import { isStrataError } from '../../errors/index.ts';
import { isUnchanged } from '../../layer/diff/is-unchanged.ts';
import type { Lease } from '../../ledger/types.ts';
import { amendmentLabels, withoutAmendment } from '../../snapshots/amendment.ts';
import { copyTree } from '../../snapshots/copy-tree.ts';
import type { LayerDirectories, Mount, Snapshotter } from '../../snapshots/types.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { mountDetached } from '../../sys/mount-spec.ts';

/** Build steps on snapshots: each in a mount that no namespace shows and that ends with this process. */
export class SnapshotWorkspace implements Workspace, MountWorkspace, LinkWorkspace {
  readonly #snapshotter: Snapshotter & Partial<LayerDirectories>;
  readonly #lease: Lease;

  constructor(snapshotter: Snapshotter & Partial<LayerDirectories>, lease: Lease) {
    this.#snapshotter = snapshotter;
    this.#lease = lease;
  }

  async change(
    parentId: string | undefined,
    change: (directory: string) => Promise<void>,
    { signal, amends = false }: { readonly signal: AbortSignal; readonly amends?: boolean },
  ): Promise<string> {
    const { snapshotId } = await this.#make(parentId, async (id) => await mounted(this.#rootOf(id), change), {
      signal,
      labels: amends ? amendmentLabels : {},
    });
    return snapshotId;
  }

  async stack(parentId: string, ownId: string, { signal }: { readonly signal: AbortSignal }): Promise<string> {
    const copyTo = (id: string) => async (own: string) =>
      await copyTree(`${own}/.`, this.#placeOf(id), { over: true, signal });
    const { snapshotId } = await this.#make(
      parentId,
      // Where the driver keeps changes by themselves, nothing is there yet, and the kernel does the merging. One that
      // amends another is seen whole in a mount.
      async (id) => await mounted(this.#rootOf(ownId), copyTo(id)),
      { signal, labels: withoutAmendment(this.#snapshotter.stat(ownId).labels) },
    );
    return snapshotId;
  }

  async run(
    parentId: string | undefined,
    change: (root: Mount) => Promise<void>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<RunSnapshot> {
    return await this.#make(parentId, async (id) => await change(this.#rootOf(id)), { signal, labels: {} });
  }

  #rootOf(id: string): Mount {
    const [root] = this.#snapshotter.mounts(id);
    if (root === undefined) throw new Error(`snapshot ${id} has no mount`);
    return root;
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
      const isUnchanged = this.#isUnchanged(id);
      const committed = await this.#snapshotter.commit(id, { lease, signal, durable: false });
      return { snapshotId: committed.id, isUnchanged };
    } catch (error) {
      // What a full disk lacks is asked before there is room again.
      const failure = isDiskFull(error) ? diskFailure(error, this.#placeOf(id)) : error;
      await this.#drop(id);
      throw failure;
    }
  }

  #placeOf(id: string): string {
    const [root] = this.#snapshotter.mounts(id);
    return root?.overlay?.upperDir ?? root?.source ?? '';
  }

  /** Where the driver keeps changes by themselves. */
  #isUnchanged(id: string): boolean {
    const { parentId } = this.#snapshotter.stat(id);
    const own = this.#snapshotter.ownDirectory?.(id);
    const below = parentId === undefined ? undefined : this.#snapshotter.ownDirectory?.(parentId);
    return own !== undefined && below !== undefined && isUnchanged(own, below);
  }

  /** Undo does not look at the caller's signal. */
  async #drop(id: string): Promise<void> {
    try {
      await this.#snapshotter.remove(id, { lease: this.#lease });
    } catch (error) {
      if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
    }
  }
}

async function mounted(root: Mount, change: (directory: string) => Promise<void>): Promise<void> {
  if (root.type === 'bind') return await change(root.source);
  const fd = mountDetached(root);
  try {
    await change(`/proc/self/fd/${fd}`);
  } finally {
    closeFd(fd);
  }
}
