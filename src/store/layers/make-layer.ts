import { nextChainId } from '../../layer/chain-id.ts';
import type { Lease } from '../../ledger/types.ts';
import { type ChainId, type DiffId, parseDiffId } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import { diffIdLabel } from './diff-id-label.ts';
import type { IndexedLayer } from './index-snapshot.ts';
import type { CopiedChanges, CreatedLayer, LayersBelow, MakeLayerOptions } from './types.ts';

// Bytes that the changes delete of each step below, nearest first, separated by spaces; absent when all are 0.
const deletesLabel = 'strata.deletes';

/**
 * Returns the layer of a committed snapshot's changes, and makes it if necessary: the tree stays where it is, and an
 * index is written from which the tar can be made again. The snapshot carries its chainID afterwards, so a second call
 * only reads a row.
 */
export async function makeLayer(
  store: Store,
  snapshotId: string,
  below: LayersBelow,
  options: MakeLayerOptions,
): Promise<CreatedLayer> {
  const known = await findLayer(store, snapshotId, options.lease);
  const layer = known ?? (await indexChanges(store, snapshotId, below.made, options));
  const chainId = nextChainId(below.chainId, layer.diffId);
  const named = await nameChain(store, snapshotId, chainId, options.lease);
  return {
    ...layer,
    chainId,
    snapshotId: named,
    isNew: known === undefined || !store.metadata.layers.isNamed(known.diffId),
  };
}

/** Copies changes on the same parent into a new snapshot, and makes their layer at the same time. */
export async function copyIntoLayer(
  store: Store,
  snapshotId: string,
  copyOf: CopiedChanges,
  options: MakeLayerOptions,
): Promise<void> {
  await indexChanges(store, snapshotId, [], { ...options, copyOf });
}

async function findLayer(store: Store, snapshotId: string, lease: Lease): Promise<IndexedLayer | undefined> {
  const { snapshots, objects, layers } = store.metadata;
  const { labels } = snapshots.get(snapshotId) ?? {};
  const label = labels?.[diffIdLabel];
  // Pinned: the images that keep the layer may be removed before ours is recorded.
  if (label === undefined || !(await objects.pinIfPresent('layer', label, lease))) return undefined;
  const record = layers.get(parseDiffId(label));
  return record && { ...record, deletes: (labels?.[deletesLabel] ?? '').split(' ').map(Number) };
}

async function indexChanges(
  store: Store,
  snapshotId: string,
  below: readonly DiffId[],
  options: MakeLayerOptions & { readonly copyOf?: CopiedChanges },
): Promise<IndexedLayer> {
  const { snapshotter } = await store.openDriver();
  // Loaded here: a build whose steps are all in the cache does not need it.
  const { indexSnapshot } = await import('./index-snapshot.ts');
  const layer = await indexSnapshot(store, snapshotId, below, options);
  await snapshotter.update(snapshotId, {
    ...snapshotter.stat(snapshotId).labels,
    [diffIdLabel]: layer.diffId,
    ...(layer.deletes.some((bytes) => bytes > 0) ? { [deletesLabel]: layer.deletes.join(' ') } : {}),
  });
  return layer;
}

/** Sets the chainID and returns the snapshot that carries it: this one, or an earlier one. */
async function nameChain(
  { metadata: { snapshots } }: Store,
  snapshotId: string,
  chainId: ChainId,
  lease: Lease,
): Promise<string> {
  if (snapshots.get(snapshotId)?.chainId === chainId) return snapshotId;
  return (await snapshots.setChainId(snapshotId, chainId, lease)).id;
}
