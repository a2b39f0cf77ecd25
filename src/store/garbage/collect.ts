import { join } from 'node:path';
import { exhaustionOf } from '../../content/disk-failure.ts';
import type { LocalContentStore } from '../../content/local/store.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { type Collected, type CollectOptions, GarbageCollector } from '../../metadata/garbage-collector.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import type { ObjectRef } from '../../metadata/objects.ts';
import { blobSweeper, fileSweeper, snapshotSweeper } from '../../metadata/sweepers.ts';
import { emptyTrash } from '../../metadata/trash.ts';
import { parseDiffId } from '../../spec/digest.ts';
import { removeAbandonedLocks } from '../key-locks.ts';
import { LayerIndexes } from '../layers/layer-indexes.ts';
import { removeUnfinishedIndexes } from '../layers/unfinished-indexes.ts';
import { type StoreLayout, workLocksOf } from '../layout.ts';
import type { Store } from '../store.ts';
import { openCrashMarker } from './crash-marker.ts';
import { trimTransfers } from './transfers.ts';

async function collectorOf(store: Store): Promise<GarbageCollector> {
  const { layout, metadata, content, locks, layers } = store;
  const layer = fileSweeper({
    kind: 'layer',
    directory: layers.indexes.folder,
    nameOf: (key) => LayerIndexes.nameOf(parseDiffId(key)),
    keyOf: LayerIndexes.keyOf,
    locks,
    trashDirectory: layout.trash,
  });
  const sweepers = { blob: blobSweeper(content), layer, snapshot: snapshotSweeper(await store.openSnapshotters()) };
  return new GarbageCollector(metadata, sweepers);
}

export interface CollectedGarbage extends Collected {
  /** What in the trash could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes what nothing names and nobody uses, and empties the trash. Safe beside any other work on the store. */
export async function collectGarbage(store: Store, options: CollectOptions = {}): Promise<CollectedGarbage> {
  await store.openForWriting(options);
  await store.endAbandonedWork();
  const { leases } = store.metadata;
  await leases.removeDead();
  const deaths = leases.deaths();
  await using _trace = await openCrashMarker(store.metadata.leases, 'prune');
  const collector = await collectorOf(store);
  const collected = await collector.collect(options);
  // Also what somebody left who was killed while he collected.
  await collector.sweepOrphans(options);
  await removeUnfinished(store, options);
  await trimTransfers(store);
  const warnings = await emptyTrash(store.layout.trash, options);
  leases.forgetDeaths(deaths);
  store.metadata.db.reserve.restore();
  return { ...collected, warnings };
}

/** What killed processes had begun to write, and the lock files they held. */
async function removeUnfinished({ layout, metadata, content }: Store, options: AbortOptions): Promise<void> {
  removeUnfinishedIndexes(layout.indexes, metadata.leases);
  await removeIngests(metadata, content, options);
  for (const folder of [...workLocksOf(layout), join(layout.locks, 'helpers')]) removeAbandonedLocks(folder);
}

/** Archives are read again from their start: nothing goes on with half a blob, but for a transfer. */
async function removeIngests(
  { transfers }: Metadata,
  content: LocalContentStore,
  options: AbortOptions,
): Promise<void> {
  const isTransfer = (name: string): boolean => transfers.list().some(({ ref }) => content.ingestName(ref) === name);
  await content.removeIdleIngests(isTransfer, options);
}

/**
 * {@link collectGarbage} for a command that takes something away and returns at once: what emptying the trash takes
 * longer goes on behind it.
 */
export async function collectBriefly(store: Store, options: CollectOptions): Promise<CollectedGarbage> {
  await store.openForWriting(options);
  await store.endAbandonedWork();
  // Rows go before files: killed in between, somebody has to look for these.
  await using _trace = await openCrashMarker(store.metadata.leases, 'rmi');
  const collected = await (await collectorOf(store)).collect(options);
  // All that they left takes longer to find.
  if (store.metadata.leases.deaths().length > 0) await removeUnfinished(store, options);
  await emptyTrashBriefly(store.layout);
  store.metadata.db.reserve.restore();
  return { ...collected, warnings: [] };
}

/** Returns the blobs, layer indexes and snapshots that are neither recorded nor pinned. */
export async function findOrphans(store: Store, options: AbortOptions): Promise<ObjectRef[]> {
  const orphans = await (await collectorOf(store)).findOrphans(options);
  const snapshotters = await store.openSnapshotters();
  const snapshots = await Promise.all(snapshotters.map((snapshotter) => snapshotter.orphans(options)));
  return [...orphans, ...snapshots.flat().map((key): ObjectRef => ({ kind: 'snapshot', key }))];
}

/**
 * {@link collectGarbage} when a process died over its work, or over this; costs a look at the leases otherwise, and at
 * unfinished transfers, which make room for the work to come.
 */
export async function collectAfterDeaths(store: Store, options: AbortOptions = {}): Promise<void> {
  await store.openForWriting(options);
  const steps = await store.endAbandonedWork();
  await store.metadata.leases.removeDead();
  if (steps + store.metadata.leases.deaths().length > 0) await collectGarbage(store, options);
  else await trimTransfers(store);
}

// Little is gone within this; what takes longer must not hold a command back.
const briefMs = 50;

/**
 * Empties the trash as far as a moment allows; the rest goes behind the command. On a full disk the next command needs
 * the room at once, so that there all of it goes first. What cannot be deleted is none of the command's: its work is
 * done, and whoever prunes is told.
 */
export async function emptyTrashBriefly(layout: StoreLayout): Promise<void> {
  const { root, trash } = layout;
  const signal = exhaustionOf(root) === undefined ? AbortSignal.timeout(briefMs) : undefined;
  try {
    await emptyTrash(trash, { signal });
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    const { emptyTrashInBackground } = await import('./empty-trash-in-background.ts');
    await emptyTrashInBackground(layout);
  }
}
