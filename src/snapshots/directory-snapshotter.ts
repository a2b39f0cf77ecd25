import type { SnapshotRecord } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { syncFilesystem } from '../sys/syncfs.ts';
import { type MakeOptions, RecordedSnapshotter } from './recorded-snapshotter.ts';
import { snapshotDamaged } from './snapshot-damaged.ts';
import { SnapshotDirectories } from './snapshot-directories.ts';
import type { OpenDriverOptions } from './storage-driver.ts';
import type { SnapshotUsage } from './types.ts';

/**
 * What drivers that keep a snapshot as a directory share: what goes is moved into the store's trash, what lasts is on the
 * root's filesystem. A driver says how a directory is filled and how it is mounted.
 */
export abstract class DirectorySnapshotter extends RecordedSnapshotter {
  protected readonly directories: SnapshotDirectories;

  protected constructor(name: string, { root, ledger }: OpenDriverOptions) {
    super(name, ledger);
    this.directories = new SnapshotDirectories(root, name);
  }

  /**
   * Fills `tree`, the directory that will hold the snapshot's files: absolute, empty, of mode 755. `parent` is committed.
   * What a driver keeps beside the files goes into the directory that `tree` lies in, and comes and goes with it.
   */
  protected abstract fill(tree: string, parent: SnapshotRecord | undefined, options: MakeOptions): void | Promise<void>;

  /** The directory with the snapshot's files. Throws ERR_SNAPSHOT_DAMAGED when it is gone. */
  protected treeOf(id: string): string {
    if (!this.directories.exists(id)) throw snapshotDamaged(id, 'its files are gone');
    return this.directories.tree(id);
  }

  protected async make(
    { id }: SnapshotRecord,
    parent: SnapshotRecord | undefined,
    options: MakeOptions,
  ): Promise<void> {
    await this.directories.create(id, (tree) => this.fill(tree, parent, options));
  }

  protected hasStorage(id: string): boolean {
    return this.directories.exists(id);
  }

  protected async measure(id: string, options: AbortOptions): Promise<SnapshotUsage> {
    const { treeUsage } = await import('./tree-usage.ts');
    return await treeUsage(this.directories.tree(id), options);
  }

  protected async flush(options: AbortOptions): Promise<void> {
    await syncFilesystem(this.directories.base, options);
  }

  protected discard(id: string): void {
    this.directories.discard(id);
  }

  protected replace(lostId: string, id: string): void {
    this.directories.replace(lostId, id);
  }

  protected stored(): ReadonlySet<string> {
    return this.directories.ids();
  }
}
