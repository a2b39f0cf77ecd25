import { shownStatus } from '../../../containers/state.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import { collectAfterDeaths, emptyTrashBriefly } from '../../garbage.ts';
import { discardContainer } from '../state/discard.ts';
import { removalRefused } from '../state/failures.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { forgetExits } from '../state/forget-exits.ts';
import { type ContainerParts, locksOf } from '../state/parts.ts';
import { recover } from '../state/recover.ts';
import { isRunning, stateOf } from '../state/state.ts';
import { untilKilled } from '../state/until-killed.ts';
import { sendSignal } from './kill.ts';
import { untilEnd } from './wait.ts';

export interface RemoveContainerOptions extends AbortOptions {
  /** Kills it when it runs. */
  readonly force?: boolean | undefined;
}

const SIGKILL = 9;

/**
 * Removes a container with its writable layer and its log; quick, whatever the layer's size. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_RUNNING for one that runs, without `force`,
 * ERR_CONTAINER_NOT_KILLED.
 */
export async function removeContainer(
  parts: ContainerParts,
  name: string,
  options: RemoveContainerOptions = {},
): Promise<void> {
  const { id } = await findReconciled(parts, name, options);
  // Somebody may start it again between its end and our taking the lock.
  while (!(await isRemoved(parts, id, options))) {
    const record = parts.metadata.containers.get(id);
    if (record === undefined) break;
    await sendSignal(parts, record, SIGKILL, options);
    const task = `cannot remove container "/${record.name}": could not kill`;
    await untilKilled({ ...options, task }, (limits) => untilEnd(parts, record, limits));
  }
  // A command that was killed over a container may have left a layer that no record names.
  await collectAfterDeaths(parts.garbage, { signal: options.signal });
  await emptyTrashBriefly(parts.layout);
  forgetExits(parts);
}

/** Removes it if nothing runs in it; false when it has to be killed first. */
async function isRemoved(parts: ContainerParts, id: string, options: RemoveContainerOptions): Promise<boolean> {
  await using _lock = await locksOf(parts).lock(id, options);
  await recover(parts, id);
  const record = parts.metadata.containers.get(id);
  if (record === undefined) return true;
  const state = stateOf(record);
  if (isRunning(parts.metadata, record)) {
    if (options.force !== true) throw removalRefused(record.name, shownStatus(state));
    return false;
  }
  await discardContainer(parts, record);
  return true;
}
