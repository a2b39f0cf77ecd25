import assert from 'node:assert/strict';
import { globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/index.ts';
import { type Leftovers, leftovers } from '../../src/store/leftovers.ts';
import { mountsNaming, processesNaming } from './machine-traces.ts';
import { openStoreAt } from './open-store-at.ts';
import { untilSame } from './until-same.ts';

/** Leftovers of a store: in its files and records, and on the machine. */
export interface FoundLeftovers extends Leftovers {
  /** Names of containers. */
  readonly records: readonly string[];
  readonly mounts: readonly string[];
  readonly groups: readonly string[];
  readonly processes: readonly string[];
}

/**
 * Returns the leftovers of an engine's work; `ids` are the containers and build steps whose control groups may be left.
 */
export async function leftoversOf(
  { layout }: Pick<Engine, 'layout'>,
  ids: readonly string[] = [],
): Promise<FoundLeftovers> {
  await using store = openStoreAt(layout.root);
  return {
    ...(await leftovers(store)),
    records: store.metadata.containers.list().map(({ name }) => name),
    mounts: mountsNaming(layout.root, layout.run),
    groups: ids.flatMap((id) => globSync(`/sys/fs/cgroup/{*/,}strata/${id}`)),
    processes: processesNaming(layout.run),
  };
}

/** Result of {@link leftoversOf} when nothing is left. */
export const nothingLeft: FoundLeftovers = {
  orphans: [],
  indexes: [],
  ingests: [],
  scratch: [],
  containers: [],
  bundles: [],
  execs: [],
  steps: [],
  states: [],
  leases: [],
  locks: [],
  trash: [],
  records: [],
  mounts: [],
  groups: [],
  processes: [],
};

/** {@link leftoversOf} without the trash, which another process may still empty after a command. */
async function leftoversButTrash(engine: Engine, ids: readonly string[]): Promise<FoundLeftovers> {
  return { ...(await leftoversOf(engine, ids)), trash: [] };
}

/** Asserts that nothing is left, now. */
export async function assertNothingLeft(engine: Engine, ids: readonly string[] = []): Promise<void> {
  assert.deepEqual(await leftoversButTrash(engine, ids), nothingLeft);
}

/** Waits until nothing is left. */
export async function untilNothingLeft(engine: Engine, ids: readonly string[] = []): Promise<void> {
  await untilSame(() => leftoversButTrash(engine, ids), nothingLeft);
}

/**
 * Returns the paths of a store's files, without those that always stay: database, locks, mount points, caches of
 * builds.
 */
export const storeFiles = ({ layout }: Engine): string[] =>
  readdirSync(layout.root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(layout.root.length + 1))
    .filter((name) => !/^(?:strata\.|locks\/|mount-points\/|contexts\/|copies\/)/.test(name))
    .sort();
