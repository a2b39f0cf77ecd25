import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isStrataError } from '../../errors/index.ts';
import { countDeletedBytes, type LayerEntries } from '../../layer/count-deleted-bytes.ts';
import type { ChangedTree } from '../../layer/diff/change.ts';
import { diffLayer } from '../../layer/diff/diff-layer.ts';
import { LayerIndex } from '../../layer/index-file/layer-index.ts';
import type { AppliedLayer } from '../../layer/types.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import { amendedId } from '../../snapshots/amendment.ts';
import { type DiffId, parseDiffId } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import { diffIdLabel } from './diff-id-label.ts';
import type { LayerIndexes } from './layer-indexes.ts';
import type { CopiedChanges } from './types.ts';

/** A recorded layer, compared with some layers below it. */
export interface IndexedLayer extends LayerRecord {
  /** Bytes of files that this layer deletes, for each of the compared layers. */
  readonly deletes: readonly number[];
}

/**
 * Makes and records the layer of a snapshot's changes; `below` are layers to compare it with. With `copyOf` the
 * snapshot is new, and these changes are copied into it at the same time.
 */
export async function indexSnapshot(
  store: Store,
  snapshotId: string,
  below: readonly DiffId[],
  { lease, signal, copyOf }: AbortOptions & { readonly lease: Lease; readonly copyOf?: CopiedChanges },
): Promise<IndexedLayer> {
  const {
    metadata,
    layers: { indexes },
  } = store;
  const name = indexes.nameOfNew(lease, snapshotId);
  await using changes = await store.trees.openChanges(snapshotId, {
    access: copyOf ? 'write' : 'read',
    signal,
  });
  const own = await addAmendedIndex(store, snapshotId, lease, changes.tree);
  const make = async (tree: ChangedTree): Promise<AppliedLayer> =>
    await diffLayer({
      tree,
      copy: copyOf && { to: own.upperDir, without: copyOf.without },
      indexFolder: indexes.folder,
      indexName: name,
      // An unfinished name; it is published under the layer's lock, which garbage collection takes, too.
      indexPath: () => join(indexes.folder, name),
      signal,
    });
  try {
    const layer = copyOf ? await make(copyOf.tree) : await makeDespiteDamage(own, make);
    const { diffId } = layer;
    await metadata.objects.withPins(lease, (pin) => pin('layer', diffId), { signal });
    await indexes.publish(name, diffId, { signal });
    await metadata.layers.put(layer, lease, { signal });
    return { ...layer, deletes: countDeletes(indexes, diffId, below) };
  } catch (error) {
    indexes.discard(name);
    throw error;
  }
}

/** Runs `make`, and again without the amended layer's index if that is damaged: reading the files instead is slower. */
async function makeDespiteDamage<T>(tree: ChangedTree, make: (tree: ChangedTree) => Promise<T>): Promise<T> {
  try {
    return await make(tree);
  } catch (error) {
    if (tree.kind !== 'overlay' || tree.amendedIndex === undefined) throw error;
    const isDamage = isStrataError(error) && (error.kind === 'corrupt' || error.code === 'ERR_LAYER_SOURCE_CHANGED');
    if (!isDamage) throw error;
    return await make({ ...tree, amendedIndex: undefined });
  }
}

function countDeletes(indexes: LayerIndexes, diffId: DiffId, below: readonly DiffId[]): number[] {
  if (below.length === 0) return [];
  const entriesOf = (id: DiffId): LayerEntries => ({
    // Opened on demand: most layers delete nothing, so those below need not be read.
    *records() {
      using index = LayerIndex.open(indexes.pathOf(id));
      yield* index.records();
    },
  });
  return countDeletedBytes(entriesOf(diffId), below.map(entriesOf));
}

/** Adds the index of the amended layer, if there is one. */
async function addAmendedIndex(
  store: Store,
  snapshotId: string,
  lease: Lease,
  tree: ChangedTree,
): Promise<ChangedTree> {
  if (tree.kind !== 'overlay' || tree.amendedDir === undefined) return tree;
  const { snapshotter } = await store.openDriver();
  const amended = amendedId(snapshotter.stat(snapshotId));
  return amended === undefined ? tree : { ...tree, amendedIndex: await pinIndex(store, amended, lease) };
}

/** Pins the layer of a single snapshot and returns the path of its index; undefined when no layer was made of it. */
async function pinIndex({ layers, metadata }: Store, snapshotId: string, lease: Lease): Promise<string | undefined> {
  const label = metadata.snapshots.get(snapshotId)?.labels[diffIdLabel];
  if (label === undefined || !(await metadata.objects.pinIfPresent('layer', label, lease))) return undefined;
  const path = layers.indexes.pathOf(parseDiffId(label));
  return existsSync(path) ? path : undefined;
}
