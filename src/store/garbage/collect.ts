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
import { openCrashMarker } from './open-crash-marker.ts';
import { trimTransfers } from './transfers.ts';

async function createCollector(store: Store): Promise<GarbageCollector> {
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
  /** Sentences about entries of the trash that could not be deleted. */
  readonly warnings: readonly string[];
}

/** Removes unreachable objects and leftovers of killed processes, and empties the trash. Safe beside any other work. */
export async function collectGarbage(store: Store, options: CollectOptions = {}): Promise<CollectedGarbage> {
  await store.openForWriting(options);
  await store.endAbandonedWork();
  const { leases } = store.metadata;
  await leases.removeDead();
  const deaths = leases.deaths();
  await using _marker = await openCrashMarker(store.metadata.leases, 'prune');
  const collector = await createCollector(store);
  const collected = await collector.collect(options);
  // Includes the leftovers of a collection that was killed.
  await collector.sweepOrphans(options);
  await removeUnfinished(store, options);
  await trimTransfers(store);
  const warnings = await emptyTrash(store.layout.trash, options);
  leases.forgetDeaths(deaths);
  store.metadata.db.reserve.restore();
  return { ...collected, warnings };
}

/** Removes files that killed processes had begun to write, and their lock files. */
async function removeUnfinished({ layout, metadata, content }: Store, options: AbortOptions): Promise<void> {
  removeUnfinishedIndexes(layout.indexes, metadata.leases);
  await removeIngests(metadata, content, options);
  for (const folder of [...workLocksOf(layout), join(layout.locks, 'helpers')]) removeAbandonedLocks(folder);
}

/** Removes unfinished blobs, except those of transfers: any other blob is written again from its start. */
async function removeIngests(
  { transfers }: Metadata,
  content: LocalContentStore,
  options: AbortOptions,
): Promise<void> {
  const isTransfer = (name: string): boolean => transfers.list().some(({ ref }) => content.ingestName(ref) === name);
  await content.removeIdleIngests(isTransfer, options);
}

/**
 * Does the same as {@link collectGarbage} for a command that removes something and should return at once: a helper
 * process empties a large trash in the background.
 */
export async function collectBriefly(store: Store, options: CollectOptions): Promise<CollectedGarbage> {
  await store.openForWriting(options);
  await store.endAbandonedWork();
  // Rows are removed before files: after a kill in between, the marker makes the next command look for the files.
  await using _marker = await openCrashMarker(store.metadata.leases, 'rmi');
  const collected = await (await createCollector(store)).collect(options);
  // Only files that were being written: a search for all orphans takes longer.
  if (store.metadata.leases.deaths().length > 0) await removeUnfinished(store, options);
  await emptyTrashBriefly(store.layout);
  store.metadata.db.reserve.restore();
  return { ...collected, warnings: [] };
}

/** Returns the blobs, layer indexes and snapshots that are neither recorded nor pinned. */
export async function findOrphans(store: Store, options: AbortOptions): Promise<ObjectRef[]> {
  const orphans = await (await createCollector(store)).findOrphans(options);
  const snapshotters = await store.openSnapshotters();
  const snapshots = await Promise.all(snapshotters.map((snapshotter) => snapshotter.orphans(options)));
  return [...orphans, ...snapshots.flat().map((key): ObjectRef => ({ kind: 'snapshot', key }))];
}

/**
 * Runs {@link collectGarbage} if a process died during its work or during a collection. Otherwise it only reads the
 * leases and trims unfinished transfers, which frees space for the coming work.
 */
export async function collectAfterDeaths(store: Store, options: AbortOptions = {}): Promise<void> {
  await store.openForWriting(options);
  const steps = await store.endAbandonedWork();
  await store.metadata.leases.removeDead();
  if (steps + store.metadata.leases.deaths().length > 0) await collectGarbage(store, options);
  else await trimTransfers(store);
}

// Longest time that a command spends on the trash itself.
const briefMs = 50;

/**
 * Empties the trash for a short time and leaves the rest to a helper process. On a full disk it empties all of it,
 * because the next command needs the space. Entries that cannot be deleted are ignored here; a prune reports them.
 */
export async function emptyTrashBriefly(layout: StoreLayout): Promise<void> {
  const { root, trash } = layout;
  const signal = exhaustionOf(root) === undefined ? AbortSignal.timeout(briefMs) : undefined;
  try {
    await emptyTrash(trash, { signal });
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    // Loaded here, because a small trash needs no helper.
    const { emptyTrashInBackground } = await import('./empty-trash-in-background.ts');
    await emptyTrashInBackground(layout);
  }
}
