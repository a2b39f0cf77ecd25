import type { SnapshotChanges } from '../snapshots/open-changes.ts';
import type { OpenTreeOptions } from '../snapshots/open-tree.ts';
import type { SnapshotTree } from '../snapshots/types.ts';
import type { Store } from './store.ts';
import type { SnapshotTrees } from './trees.ts';

/** The files of snapshots of the driver in use. The code that opens them is loaded when it is first used. */
export class StoreTrees implements SnapshotTrees {
  readonly #store: Pick<Store, 'openDriver'>;

  constructor(store: Pick<Store, 'openDriver'>) {
    this.#store = store;
  }

  async open(id: string, options: OpenTreeOptions): Promise<SnapshotTree> {
    const { openTree } = await import('../snapshots/open-tree.ts');
    const { snapshotter } = await this.#store.openDriver();
    return await openTree(snapshotter, id, options);
  }

  async openChanges(id: string, options: OpenTreeOptions): Promise<SnapshotChanges> {
    const { openChanges } = await import('../snapshots/open-changes.ts');
    const { snapshotter } = await this.#store.openDriver();
    return await openChanges(snapshotter, id, options);
  }
}
