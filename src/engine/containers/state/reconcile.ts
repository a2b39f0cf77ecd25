import { isActive, toEndedState } from '../../../containers/state.ts';
import { readExit } from '../../../containers/supervised/exits.ts';
import { isStrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { containerLocks } from './locks.ts';
import { needsRecovery, recover, unknownExitCode } from './recover.ts';
import { encodeState, stateOf } from './state.ts';

/**
 * Brings the records of all containers up to date and returns them. Costs a look at a file and a process for each running
 * container. A container whose files cannot be removed is skipped here; verbs on that container report the error.
 */
export async function reconcileContainers(
  store: Store,
  options: AbortOptions = {},
): Promise<readonly ContainerRecord[]> {
  const records = store.metadata.containers.list();
  try {
    await dropDeadLeases(store, records);
    let hasChanged = false;
    for (const record of records) hasChanged = (await reconcileIfPossible(store, record, options)) || hasChanged;
    return hasChanged ? store.metadata.containers.list() : records;
  } catch (error) {
    if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
    return records.map((record) => reconcileInMemory(store, record));
  }
}

/** Returns false also for a container whose files cannot be removed. */
async function reconcileIfPossible(store: Store, record: ContainerRecord, options: AbortOptions): Promise<boolean> {
  try {
    return await reconcile(store, record, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStrataError(error, 'ERR_CONTAINER_REMOVAL')) throw error;
    return false;
  }
}

/** Returns the up-to-date record of a container that has ended, without writing it to a read-only store. */
function reconcileInMemory(store: Store, record: ContainerRecord): ContainerRecord {
  const state = stateOf(record);
  if ((state.status !== 'running' && state.status !== 'paused') || !needsRecovery(store, record)) return record;
  const exit = readExit(exitsOf(store.layout), record.id) ?? { exitCode: unknownExitCode };
  return { ...record, state: encodeState(toEndedState(state, exit)) };
}

/** {@link reconcileContainers} for one container. Returns its record, undefined when it has been removed. */
export async function reconcileContainer(
  store: Store,
  id: string,
  options: AbortOptions = {},
): Promise<ContainerRecord | undefined> {
  const record = store.metadata.containers.get(id);
  if (record === undefined) return undefined;
  try {
    await dropDeadLeases(store, [record]);
    return (await reconcile(store, record, options)) ? store.metadata.containers.get(id) : record;
  } catch (error) {
    if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
    return reconcileInMemory(store, record);
  }
}

async function reconcile(store: Store, record: ContainerRecord, options: AbortOptions): Promise<boolean> {
  if (!needsRecovery(store, record)) return false;
  const { status } = stateOf(record);
  const isAtWork = status === 'starting' || status === 'removing';
  // Do not wait for a start or a removal in progress. A recovery by another command is short.
  const locks = await containerLocks(store, options);
  await using lock = isAtWork ? locks.tryLock(record.id) : await locks.lock(record.id, options);
  if (lock === undefined) return false;
  await recover(store, record.id);
  return true;
}

/** Removes leases of killed commands, which would make their containers look alive. */
async function dropDeadLeases({ metadata }: Store, records: readonly ContainerRecord[]): Promise<void> {
  if (records.some((record) => stateOf(record).attended === true && isActive(stateOf(record)))) {
    await metadata.leases.removeDead();
  }
}
