import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Snapshotter } from '../../snapshots/types.ts';
import type { SnapshotTrees } from '../trees.ts';

/** An empty folder on the store's filesystem for what only passes through. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** What of a store it takes. */
interface ScratchHome {
  openDriver(): Promise<{ readonly snapshotter: Snapshotter }>;
  readonly trees: SnapshotTrees;
}

/** Makes one as an unnamed snapshot: whichever way this process ends, the files go with its lease. */
export async function openScratch(
  store: ScratchHome,
  { lease, signal }: AbortOptions & { readonly lease: Lease },
): Promise<ScratchFolder> {
  const { snapshotter } = await store.openDriver();
  const { id } = await snapshotter.prepare(undefined, { lease, signal });
  const tree = await store.trees.open(id, { access: 'write', signal });
  let isOpen = true;
  return {
    path: tree.path,
    [Symbol.asyncDispose]: async () => {
      if (!isOpen) return;
      isOpen = false;
      await tree[Symbol.asyncDispose]();
      await snapshotter.remove(id, { lease });
    },
  };
}
