import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { openTree } from '../../snapshots/open-tree.ts';
import type { Snapshotter } from '../../snapshots/types.ts';

/** An empty folder on the store's filesystem for what only passes through. */
export interface ScratchFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes one as an unnamed snapshot: whichever way this process ends, the files go with its lease. */
export async function openScratch(
  snapshotter: Snapshotter,
  { lease, signal }: AbortOptions & { readonly lease: Lease },
): Promise<ScratchFolder> {
  const { id } = await snapshotter.prepare(undefined, { lease, signal });
  const tree = await openTree(snapshotter, id, { access: 'write', signal });
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
