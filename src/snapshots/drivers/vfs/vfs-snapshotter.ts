import type { SnapshotRecord } from '../../../ledger/types.ts';
import type { Mount } from '../../../sys/mount-list.ts';
import { DirectorySnapshotter } from '../../directory-snapshotter.ts';
import type { MakeOptions } from '../../recorded-snapshotter.ts';
import type { OpenDriverOptions } from '../../storage-driver.ts';
import type { SnapshotterCapabilities } from '../../types.ts';
import { canReflink } from './can-reflink.ts';

/**
 * Keeps snapshots as complete trees, each a full copy of its parent: works on every filesystem and costs the most.
 * Contents are shared where the filesystem can.
 */
export class VfsSnapshotter extends DirectorySnapshotter {
  protected readonly layerLimit: undefined;
  #reflink: boolean | undefined;

  constructor(options: OpenDriverOptions) {
    super('vfs', options);
  }

  get capabilities(): SnapshotterCapabilities {
    const tried = (): boolean => (this.#reflink ??= canReflink(this.directories.base));
    return {
      parallelApply: false,
      whiteouts: 'none',
      nativeDiff: false,
      quota: false,
      // Tried on first use: a trial takes milliseconds, and writes.
      get reflink() {
        return tried();
      },
    };
  }

  protected async fill(tree: string, parent: SnapshotRecord | undefined, options: MakeOptions): Promise<void> {
    if (!options.original && !parent) return;
    const { copyChangingTree, copyTree } = await import('../../copy-tree.ts');
    if (options.original) await copyChangingTree(this.treeOf(options.original.id), tree, options);
    else if (parent) await copyTree(this.treeOf(parent.id), tree, options);
  }

  protected stackOf({ id }: SnapshotRecord): readonly string[] {
    return [id];
  }

  protected describe({ id }: SnapshotRecord, { readOnly }: { readonly readOnly: boolean }): readonly Mount[] {
    return [{ type: 'bind', source: this.treeOf(id), readOnly }];
  }

  protected seal(): void {
    // A writable tree has no files that a committed one lacks.
  }
}
