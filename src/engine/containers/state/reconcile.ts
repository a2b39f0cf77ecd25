import { isActive, toEndedState } from '../../../containers/state.ts';
import { readExit } from '../../../containers/supervised/exits.ts';
import { isStrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { containerLocks } from './locks.ts';
import { needsRecovery, recover, unknownExitCode } from './recover.ts';
import { stateOf, storedState } from './state.ts';

/**
 * Makes the records of all containers true, whatever has ended or was killed since somebody looked. For those that run it
 * costs a look at a file and a process each, for the others nothing. Returns the records as they are then. One that cannot be cleared up behind does not keep
 * the others from sight: who asks for that one is told.
 */
export async function reconcileContainers(
  store: Store,
  options: AbortOptions = {},
): Promise<readonly ContainerRecord[]> {
  const records = store.metadata.containers.list();
  try {
    await dropDeadLeases(store, records);
    let hasSettled = false;
    for (const record of records) hasSettled = (await reconcileIfCan(store, record, options)) || hasSettled;
    return hasSettled ? store.metadata.containers.list() : records;
  } catch (error) {
    if (!isStrataError(error, 'ERR_STORE_READ_ONLY')) throw error;
    return records.map((record) => asFound(store, record));
  }
}

/** False also for one that cannot be cleared up behind. */
async function reconcileIfCan(store: Store, record: ContainerRecord, options: AbortOptions): Promise<boolean> {
  try {
    return await reconcile(store, record, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStrataError(error, 'ERR_CONTAINER_REMOVAL')) throw error;
    return false;
  }
}

/** What the record of one that has ended would say if it could be written. */
function asFound(store: Store, record: ContainerRecord): ContainerRecord {
  const state = stateOf(record);
  if ((state.status !== 'running' && state.status !== 'paused') || !needsRecovery(store, record)) return record;
  const exit = readExit(exitsOf(store.layout), record.id) ?? { exitCode: unknownExitCode };
  return { ...record, state: storedState(toEndedState(state, exit)) };
}

/** {@link reconcileContainers} for one; answers its record as it is then, undefined when it is gone. */
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
    return asFound(store, record);
  }
}

async function reconcile(store: Store, record: ContainerRecord, options: AbortOptions): Promise<boolean> {
  if (!needsRecovery(store, record)) return false;
  const { status } = stateOf(record);
  const isAtWork = status === 'starting' || status === 'removing';
  // Who starts or removes it is let work; who recovers it is soon done.
  const locks = await containerLocks(store, options);
  await using lock = isAtWork ? locks.tryLock(record.id) : await locks.lock(record.id, options);
  if (lock === undefined) return false;
  await recover(store, record.id);
  return true;
}

/** Leases of killed commands would make the containers they ran look alive. */
async function dropDeadLeases({ metadata }: Store, records: readonly ContainerRecord[]): Promise<void> {
  if (records.some((record) => stateOf(record).attended === true && isActive(stateOf(record)))) {
    await metadata.leases.removeDead();
  }
}
