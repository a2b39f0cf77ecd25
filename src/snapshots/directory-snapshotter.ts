import type { SnapshotRecord } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { syncFilesystem } from '../sys/syncfs.ts';
import { type MakeOptions, RecordedSnapshotter } from './recorded-snapshotter.ts';
import { snapshotDamaged } from './snapshot-damaged.ts';
import { SnapshotDirectories } from './snapshot-directories.ts';
import type { OpenDriverOptions } from './storage-driver.ts';
import type { SnapshotUsage } from './types.ts';

/**
 * Base class of drivers that keep each snapshot as a directory on the root's filesystem: removed ones are moved into
 * the store's trash, and `flush` syncs that filesystem. A driver implements {@link fill}, `describe` (its mounts),
 * `stackOf` and `seal`; docs/storage-drivers.md has a complete one.
 */
export abstract class DirectorySnapshotter extends RecordedSnapshotter {
  protected readonly directories: SnapshotDirectories;

  protected constructor(name: string, { root, ledger }: OpenDriverOptions) {
    super(name, ledger);
    this.directories = new SnapshotDirectories(root, name);
  }

  /**
   * Fills `tree`, the directory of a new snapshot's files: an absolute path, empty, of mode 755. `parent` is committed.
   * Data that a driver keeps beside the files goes into the directory above `tree`; it is created and removed with it.
   * A failure needs no cleaning up here: the caller discards the directory.
   *
   * @param options `options.original` is an active snapshot whose files the new one begins with
   */
  protected abstract fill(tree: string, parent: SnapshotRecord | undefined, options: MakeOptions): void | Promise<void>;

  /** Returns the directory with the snapshot's files. Throws ERR_SNAPSHOT_DAMAGED when it is missing. */
  protected treeOf(id: string): string {
    if (!this.directories.exists(id)) throw snapshotDamaged(id, 'its files are missing');
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
