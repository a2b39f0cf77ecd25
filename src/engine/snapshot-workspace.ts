import type { Workspace } from '../build/ops/filesystem-result.ts';
import { isStrataError } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { Snapshotter } from '../snapshots/types.ts';
import { closeFd } from '../sys/fs-at.ts';
import { mountDetached } from '../sys/mount-spec.ts';

/** Build steps on snapshots: each in a mount that no namespace shows and that ends with this process. */
export class SnapshotWorkspace implements Workspace {
  readonly #snapshotter: Snapshotter;
  readonly #lease: Lease;

  constructor(snapshotter: Snapshotter, lease: Lease) {
    this.#snapshotter = snapshotter;
    this.#lease = lease;
  }

  async change(
    parentId: string | undefined,
    change: (directory: string) => Promise<void>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<string> {
    const lease = this.#lease;
    const { id } = await this.#snapshotter.prepare(parentId, { lease, signal, volatile: true });
    try {
      await this.#mounted(id, change);
      const committed = await this.#snapshotter.commit(id, { lease, signal, durable: false });
      return committed.id;
    } catch (error) {
      await this.#drop(id);
      throw error;
    }
  }

  async #mounted(id: string, change: (directory: string) => Promise<void>): Promise<void> {
    const [mount] = this.#snapshotter.mounts(id);
    if (mount === undefined) throw new Error(`snapshot ${id} has no mount`);
    if (mount.type === 'bind') return await change(mount.source);
    const fd = mountDetached(mount);
    try {
      await change(`/proc/self/fd/${fd}`);
    } finally {
      closeFd(fd);
    }
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
