import type { SnapshotChanges } from '../snapshots/open-changes.ts';
import type { OpenTreeOptions } from '../snapshots/open-tree.ts';
import type { SnapshotTree } from '../snapshots/types.ts';
import type { Store } from './store.ts';
import type { SnapshotTrees } from './trees.ts';

/** Snapshots of the driver in use; what opens them is loaded when it is first used. */
export class StoreTrees implements SnapshotTrees {
  readonly #store: Pick<Store, 'driver'>;

  constructor(store: Pick<Store, 'driver'>) {
    this.#store = store;
  }

  async open(id: string, options: OpenTreeOptions): Promise<SnapshotTree> {
    const { openTree } = await import('../snapshots/open-tree.ts');
    return await openTree(this.#store.driver.snapshotter, id, options);
  }

  async openChanges(id: string, options: OpenTreeOptions): Promise<SnapshotChanges> {
    const { openChanges } = await import('../snapshots/open-changes.ts');
    return await openChanges(this.#store.driver.snapshotter, id, options);
  }
}
