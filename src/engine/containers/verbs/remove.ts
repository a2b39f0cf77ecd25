import { SIGKILL } from '../../../containers/signals.ts';
import { dockerStatus } from '../../../containers/state.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { collectAfterDeaths, emptyTrashBriefly } from '../../../store/garbage/collect.ts';
import type { Store } from '../../../store/store.ts';
import { discardContainer } from '../state/discard.ts';
import { removalRefusal } from '../state/failures.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { forgetExits } from '../state/forget-exits.ts';
import { containerLocks } from '../state/locks.ts';
import { recover } from '../state/recover.ts';
import { isRunning, stateOf } from '../state/state.ts';
import { waitUntilKilled } from '../state/wait-until-killed.ts';
import { sendSignal } from './kill.ts';
import { waitForEnd } from './wait.ts';

/** Options of `containers.remove`. */
export interface RemoveContainerOptions extends AbortOptions {
  /** Kills a running container first. */
  readonly force?: boolean | undefined;
}

/**
 * Removes a container with its writable layer and its log. Quick, whatever the layer's size. Throws ERR_CONTAINER_NOT_FOUND,
 * ERR_CONTAINER_RUNNING for a running one without `force`, ERR_CONTAINER_NOT_KILLED.
 */
export async function removeContainer(store: Store, name: string, options: RemoveContainerOptions = {}): Promise<void> {
  const { id } = await findReconciled(store, name, options);
  // Another command may start it again before we have the lock.
  while (!(await removeUnlessRunning(store, id, options))) {
    const record = store.metadata.containers.get(id);
    if (record === undefined) break;
    await sendSignal(store, record, SIGKILL, options);
    const task = `cannot remove container "/${record.name}": could not kill`;
    await waitUntilKilled({ ...options, task }, (limits) => waitForEnd(store, record, limits));
  }
  // A killed command may have left a layer without a record.
  await collectAfterDeaths(store, { signal: options.signal });
  await emptyTrashBriefly(store.layout);
  forgetExits(store);
}

/** Removes a container that does not run. Returns false when it has to be killed first. */
async function removeUnlessRunning(store: Store, id: string, options: RemoveContainerOptions): Promise<boolean> {
  await using _lock = await (await containerLocks(store, options)).lock(id, options);
  await recover(store, id);
  const record = store.metadata.containers.get(id);
  if (record === undefined) return true;
  const state = stateOf(record);
  if (isRunning(store.metadata, record)) {
    if (options.force !== true) throw removalRefusal(record.name, dockerStatus(state));
    return false;
  }
  await discardContainer(store, record);
  return true;
}
