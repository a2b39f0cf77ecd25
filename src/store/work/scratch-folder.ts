import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Snapshotter } from '../../snapshots/types.ts';
import type { SnapshotTrees } from '../trees.ts';

/** A temporary folder on the store's filesystem. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** The parts of a store that a scratch folder needs. */
interface ScratchStore {
  openDriver(): Promise<{ readonly snapshotter: Snapshotter }>;
  readonly trees: SnapshotTrees;
}

/**
 * Creates an empty scratch folder as an unnamed snapshot, so that its files are collected even if this process is
 * killed.
 */
export async function openScratch(
  store: ScratchStore,
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
