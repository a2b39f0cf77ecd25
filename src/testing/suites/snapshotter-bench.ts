import type { Lease, SnapshotLedger } from '../../ledger/types.ts';
import type { LayerDirectories, SnapshotCleaner, SnapshotInfo, Snapshotter } from '../../snapshots/types.ts';
import type { Mount } from '../../sys/mount-list.ts';
import { listTree } from '../list-tree.ts';
import type { TreeChange } from '../tree-changes.ts';

/** An empty snapshotter to be tested, with the ledger it records in; disposal removes everything it has created. */
export interface SnapshotterSubject extends AsyncDisposable {
  readonly snapshotter: Snapshotter & Partial<SnapshotCleaner & LayerDirectories>;
  readonly ledger: SnapshotLedger;
  /** Returns another live lease each time. */
  lease(): Promise<Lease>;
}

/** A mounted snapshot; disposal unmounts it. */
export interface MountedTree extends AsyncDisposable {
  readonly path: string;
}

/** Mounts the mounts that a snapshotter returns. */
export type MountTree = (mounts: readonly Mount[]) => Promise<MountedTree>;

/** The argument of every test: an open subject, and methods to create and read layers through their mounts. */
export class SnapshotterBench {
  readonly #mount: MountTree;
  readonly snapshotter: SnapshotterSubject['snapshotter'];
  readonly ledger: SnapshotLedger;
  readonly lease: Lease;
  readonly otherLease: () => Promise<Lease>;

  private constructor(subject: SnapshotterSubject, lease: Lease, mount: MountTree) {
    this.#mount = mount;
    this.snapshotter = subject.snapshotter;
    this.ledger = subject.ledger;
    this.lease = lease;
    this.otherLease = () => subject.lease();
  }

  static async open(subject: SnapshotterSubject, mount: MountTree): Promise<SnapshotterBench> {
    return new SnapshotterBench(subject, await subject.lease(), mount);
  }

  /** Mounts a snapshot while `use` runs. */
  async withMount<Result>(id: string, use: (root: string) => Result | Promise<Result>): Promise<Result> {
    await using tree = await this.#mount(await this.snapshotter.mounts(id));
    return await use(tree.path);
  }

  /** Mounts a snapshot read-only while `use` runs, beside other uses. */
  async withReadOnlyMount<Result>(id: string, use: (root: string) => Result | Promise<Result>): Promise<Result> {
    await using tree = await this.#mount(await this.snapshotter.mounts(id, { readOnly: true }));
    return await use(tree.path);
  }

  async tree(id: string): Promise<string[]> {
    return await this.withMount(id, listTree);
  }

  async change(id: string, changes: readonly TreeChange[]): Promise<void> {
    await this.withMount(id, async (root) => {
      for (const change of changes) await change(root);
    });
  }

  async prepare(parentId?: string): Promise<SnapshotInfo> {
    return await this.snapshotter.prepare(parentId, { lease: this.lease });
  }

  /** Commits a layer on `parentId`; returns its ID. */
  async layer(changes: readonly TreeChange[], parentId?: string): Promise<string> {
    const { id } = await this.prepare(parentId);
    await this.change(id, changes);
    return (await this.snapshotter.commit(id, { lease: this.lease, durable: false })).id;
  }

  /** {@link layer} without a mount where the driver has own directories, because hundreds of mounts are slow. */
  async quickLayer(changes: readonly TreeChange[], parentId?: string): Promise<string> {
    if (!this.snapshotter.ownDirectory) return await this.layer(changes, parentId);
    const { id } = await this.prepare(parentId);
    for (const change of changes) await change(this.snapshotter.ownDirectory(id));
    return (await this.snapshotter.commit(id, { lease: this.lease, durable: false })).id;
  }

  /** Returns the IDs of all snapshots, sorted. */
  ids(): string[] {
    return this.snapshotter
      .list()
      .map(({ id }) => id)
      .sort();
  }
}

/** One test of the suite. */
export interface SnapshotterTest {
  readonly title: string;
  readonly run: (bench: SnapshotterBench) => Promise<void>;
}
