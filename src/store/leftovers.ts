import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../lib/abort.ts';
import type { ObjectRef } from '../metadata/objects.ts';
import { ifThere } from '../sys/if-there.ts';
import { findOrphans } from './garbage/collect.ts';
import { LayerIndexes } from './layers/layer-indexes.ts';
import { bundlesOf, execsOf, runtimeRootOf, stepsOf, workLocksOf } from './layout.ts';
import type { Store } from './store.ts';

/**
 * Temporary parts of a store and its run state, which an operation removes at its end. All but `orphans` are file
 * names.
 */
export interface Leftovers {
  /** Blobs, layer indexes and snapshots that are neither recorded nor pinned. */
  readonly orphans: readonly ObjectRef[];
  /** Layer indexes that are not published yet. */
  readonly indexes: readonly string[];
  /** Unfinished blobs, except those of recorded transfers. */
  readonly ingests: readonly string[];
  /** Writable snapshots of no container, which builds and scratch folders use. */
  readonly scratch: readonly string[];
  /** Folders of containers that have no record. */
  readonly containers: readonly string[];
  readonly bundles: readonly string[];
  readonly execs: readonly string[];
  readonly steps: readonly string[];
  /** States of containers and steps that the runtime keeps. */
  readonly states: readonly string[];
  readonly leases: readonly string[];
  /** Lock files of containers, pauses and build steps. */
  readonly locks: readonly string[];
  readonly trash: readonly string[];
}

/**
 * Lists the temporary parts of a store and changes nothing. While no operation and no container runs, all of them were
 * left by operations that failed or were killed, and the next garbage collection removes them.
 */
export async function leftovers(store: Store, options: AbortOptions = {}): Promise<Leftovers> {
  const { layout, metadata, content } = store;
  const containers = metadata.containers.list();
  const used = new Set(containers.map(({ snapshotId }) => snapshotId));
  const known = new Set(containers.map(({ id }) => id));
  const transfers = new Set(metadata.transfers.list().map(({ ref }) => content.ingestName(ref)));
  return {
    orphans: await findOrphans(store, options),
    indexes: namesIn(layout.indexes).filter((name) => LayerIndexes.keyOf(name) === undefined),
    ingests: [...content.ingestSizes().keys()].filter((name) => !transfers.has(name)),
    scratch: metadata.snapshots.list().flatMap(({ id, kind }) => (kind === 'active' && !used.has(id) ? [id] : [])),
    containers: namesIn(layout.containers).filter((id) => !known.has(id)),
    bundles: namesIn(bundlesOf(layout)),
    execs: namesIn(execsOf(layout)),
    steps: namesIn(stepsOf(layout)),
    states: namesIn(runtimeRootOf(layout)),
    leases: metadata.leases.lockFiles(),
    locks: workLocksOf(layout).flatMap((folder) => namesIn(folder).map((name) => join(folder, name))),
    trash: namesIn(layout.trash),
  };
}

const namesIn = (folder: string): string[] => ifThere(() => readdirSync(folder)) ?? [];
