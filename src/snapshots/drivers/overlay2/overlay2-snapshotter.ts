import { dirname } from 'node:path';
import type { SnapshotRecord } from '../../../ledger/types.ts';
import { invariant } from '../../../lib/invariant.ts';
import type { Mount } from '../../../sys/mount-list.ts';
import { DirectorySnapshotter } from '../../directory-snapshotter.ts';
import type { MakeOptions } from '../../recorded-snapshotter.ts';
import type { OpenDriverOptions } from '../../storage-driver.ts';
import type { LayerDirectories, SnapshotterCapabilities } from '../../types.ts';
import { inheritRoot } from './inherit-root.ts';
import { activateWorkDirectory, makeWorkDirectory, workDirectoryName } from './work-directory.ts';

export interface Overlay2Options extends OpenDriverOptions {
  /** Default `overlay2`. */
  readonly name?: string;
}

/**
 * Keeps snapshots as overlayfs layers: `<root>/snapshots/overlay2/<id>/fs` holds what one snapshot adds, with deletions
 * as character devices 0:0 and opaque directories as xattrs; `work` belongs to the kernel while the snapshot is
 * writable.
 */
export class Overlay2Snapshotter extends DirectorySnapshotter implements LayerDirectories {
  readonly capabilities: SnapshotterCapabilities = {
    parallelApply: true,
    whiteouts: 'overlay',
    nativeDiff: true,
    quota: false,
    reflink: false,
  };
  // The kernel's OVL_MAX_STACK; the 501st lowerdir is EINVAL.
  protected readonly layerLimit: number = 500;
  readonly #userXattr: boolean;

  constructor(options: Overlay2Options) {
    super(options.name ?? 'overlay2', options);
    // Without root's capabilities the kernel keeps its marks in `user.` xattrs.
    this.#userXattr = options.rootless === true;
  }

  ownDirectory(id: string): string {
    return this.treeOf(this.record(id).id);
  }

  lowerDirectories(id: string): readonly string[] {
    return this.lineage(this.record(id)).map((ancestor) => this.treeOf(ancestor));
  }

  protected async fill(tree: string, parent: SnapshotRecord | undefined, options: MakeOptions): Promise<void> {
    if (options.original) {
      const { copyChangingTree } = await import('../../copy-tree.ts');
      await copyChangingTree(this.treeOf(options.original.id), tree, options);
    } else if (parent) inheritRoot(this.treeOf(parent.id), tree);
    makeWorkDirectory(dirname(tree), options.volatile === true);
  }

  /** Flushes only the new directories, which are empty unless the snapshot is a copy. */
  protected override async flushNew(id: string, options: MakeOptions): Promise<void> {
    if (options.original) await super.flushNew(id, options);
    else await this.directories.sync(id);
  }

  protected stackOf(record: SnapshotRecord): readonly string[] {
    return [record.id, ...this.lineage(record)];
  }

  protected describe(record: SnapshotRecord, { readOnly }: { readonly readOnly: boolean }): readonly Mount[] {
    const [upperDir, ...lowerDirs] = this.stackOf(record).map((id) => this.treeOf(id));
    invariant(upperDir, 'a snapshot has a directory');
    // Overlayfs needs two layers or an upper; a single layer is its own merged tree.
    const isAlone = lowerDirs.length === 0;
    if (readOnly) {
      if (isAlone) return [{ type: 'bind', source: upperDir, readOnly }];
      const overlay = { lowerDirs: [upperDir, ...lowerDirs], userXattr: this.#userXattr };
      return [{ type: 'overlay', source: '', readOnly, overlay }];
    }
    const work = activateWorkDirectory(record.id, this.directories.path(record.id));
    if (isAlone) return [{ type: 'bind', source: upperDir, readOnly }];
    const overlay = { lowerDirs, upperDir, workDir: work.path, volatile: work.volatile, userXattr: this.#userXattr };
    return [{ type: 'overlay', source: '', readOnly, overlay }];
  }

  protected seal(id: string): void {
    // It may hold gigabytes of incomplete copies of a killed container.
    const name = workDirectoryName(this.directories.path(id));
    if (name !== undefined) this.directories.discardPart(id, name);
  }
}
