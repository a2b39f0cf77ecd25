import { join } from 'node:path';
import { whatIsFull } from '../content/disk-failure.ts';
import type { LocalContentStore } from '../content/local/store.ts';
import type { ObjectLocks } from '../content/object-locks.ts';
import { removeUnfinishedIndexes } from '../images/unfinished-indexes.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { type Collected, type CollectOptions, GarbageCollector } from '../metadata/gc.ts';
import type { Metadata } from '../metadata/metadata.ts';
import type { ObjectRef } from '../metadata/objects.ts';
import { blobSweeper, fileSweeper, snapshotSweeper } from '../metadata/sweepers.ts';
import { emptyTrash } from '../metadata/trash.ts';
import { digestHex, parseDiffId } from '../spec/digest.ts';
import { endAbandonedSteps } from './builder/reconcile-steps.ts';
import { traceIn } from './death-trace.ts';
import { removeAbandonedLocks } from './key-locks.ts';
import type { StoreLayout } from './layout.ts';
import type { StorageDriver } from './open-driver.ts';

export interface GarbageParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly content: LocalContentStore;
  readonly locks: ObjectLocks;
  readonly driver: StorageDriver;
}

const indexName = /^([0-9a-f]{64})\.idx$/;

function collectorOf({ layout, metadata, content, locks, driver }: GarbageParts): GarbageCollector {
  const layer = fileSweeper({
    kind: 'layer',
    directory: layout.indexes,
    nameOf: (key) => `${digestHex(parseDiffId(key))}.idx`,
    keyOf: (name) => {
      const hex = indexName.exec(name)?.[1];
      return hex === undefined ? undefined : `sha256:${hex}`;
    },
    locks,
    trashDirectory: layout.trash,
  });
  const sweepers = { blob: blobSweeper(content), layer, snapshot: snapshotSweeper([driver.snapshotter]) };
  return new GarbageCollector(metadata, sweepers);
}

export interface CollectedGarbage extends Collected {
  /** What in the trash could not be deleted, a sentence each. */
  readonly warnings: readonly string[];
}

/** Removes what nothing names and nobody uses, and empties the trash. Safe beside any other work on the store. */
export async function collectGarbage(parts: GarbageParts, options: CollectOptions = {}): Promise<CollectedGarbage> {
  parts.metadata.db.openForWriting();
  await endAbandonedSteps(parts.layout, parts.metadata);
  const { leases } = parts.metadata;
  leases.removeDead();
  const deaths = leases.deaths();
  await using _trace = traceIn(parts.metadata.leases, 'prune');
  const collector = collectorOf(parts);
  const collected = await collector.collect(options);
  // Also what somebody left who was killed while he collected.
  await collector.sweepOrphans(options);
  await removeUnfinished(parts, options);
  const warnings = await emptyTrash(parts.layout.trash, options);
  leases.forgetDeaths(deaths);
  return { ...collected, warnings };
}

/** What killed processes had begun to write, and the lock files they held. */
async function removeUnfinished({ layout, metadata, content }: GarbageParts, options: AbortOptions): Promise<void> {
  removeUnfinishedIndexes(layout.indexes, metadata.leases);
  // Archives are read again from their start: nothing goes on with half a blob.
  await content.removeIdleIngests(0, options);
  for (const locks of ['steps', 'containers', 'pauses']) removeAbandonedLocks(join(layout.locks, locks));
}

/**
 * {@link collectGarbage} for a command that takes something away and returns at once: what emptying the trash takes
 * longer goes on behind it.
 */
export async function collectBriefly(parts: GarbageParts, options: CollectOptions): Promise<CollectedGarbage> {
  parts.metadata.db.openForWriting();
  await endAbandonedSteps(parts.layout, parts.metadata);
  // Rows go before files: killed in between, somebody has to look for these.
  await using _trace = traceIn(parts.metadata.leases, 'rmi');
  const collected = await collectorOf(parts).collect(options);
  // All that they left takes longer to find.
  if (parts.metadata.leases.deaths().length > 0) await removeUnfinished(parts, options);
  await emptyTrashBriefly(parts.layout);
  return { ...collected, warnings: [] };
}

/** Blobs and indexes that are neither recorded nor pinned. */
export async function findOrphans(parts: GarbageParts, options: AbortOptions): Promise<ObjectRef[]> {
  return await collectorOf(parts).findOrphans(options);
}

/** {@link collectGarbage} when a process died over its work, or over this; costs a look at the leases otherwise. */
export async function collectAfterDeaths(parts: GarbageParts, options: AbortOptions = {}): Promise<void> {
  parts.metadata.db.openForWriting();
  const steps = await endAbandonedSteps(parts.layout, parts.metadata);
  parts.metadata.leases.removeDead();
  if (steps + parts.metadata.leases.deaths().length > 0) await collectGarbage(parts, options);
}

// Little is gone within this; what takes longer must not hold a command back.
const briefMs = 50;

/**
 * Empties the trash as far as a moment allows; the rest goes behind the command. On a full disk the next command needs
 * the room at once, so that there all of it goes first. What cannot be deleted is none of the command's: its work is
 * done, and whoever prunes is told.
 */
export async function emptyTrashBriefly({ root, trash }: StoreLayout): Promise<void> {
  const signal = whatIsFull(root) === undefined ? AbortSignal.timeout(briefMs) : undefined;
  try {
    await emptyTrash(trash, { signal });
  } catch (error) {
    if (signal === undefined || error !== signal.reason) throw error;
    const { emptyTrashBehind } = await import('./trash-process.ts');
    emptyTrashBehind(trash);
  }
}
