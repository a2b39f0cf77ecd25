import type { Store } from '../../../store/store.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { startRefusal } from '../state/failures.ts';
import { findReconciled } from '../state/find-reconciled.ts';
import { containerLocks } from '../state/locks.ts';
import { needsRecovery, recover } from '../state/recover.ts';
import { isRunning, stateOf } from '../state/state.ts';
import { waitUntil } from '../state/wait-until.ts';
import type { KilledOptions } from '../state/wait-until-killed.ts';
import { startContainer } from './start.ts';
import { checkSignal, endRun, type StopOptions } from './stop.ts';

/**
 * Stops a container as `stop` does, if it runs, and starts it again, also one that is removed at its end. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_SIGNAL_INVALID, ERR_CONTAINER_START_REFUSED for one that a command runs in the foreground,
 * and as `startContainer`.
 */
export async function restartContainer(store: Store, name: string, options: StopOptions = {}): Promise<void> {
  checkSignal(options);
  const { id } = await findReconciled(store, name, options);
  await endForRestart(store, id, { ...options, task: `Cannot restart container ${name.slice(0, 256)}` });
  await startContainer(store, id, { signal: options.signal });
  const record = store.metadata.containers.get(id);
  if (record !== undefined) await noteContainerEvent(store.metadata, record, { action: 'restart' });
}

/** Ends the run while holding the lock, so that no other command finds the container ended and removes it. */
async function endForRestart(store: Store, id: string, options: StopOptions & KilledOptions): Promise<void> {
  await using _lock = await (await containerLocks(store, options)).lock(id, options);
  await recover(store, id, { keeps: true });
  const record = store.metadata.containers.get(id);
  if (record === undefined || !isRunning(store.metadata, record)) return;
  if (stateOf(record).attended === true) {
    throw startRefusal(
      `cannot restart container ${id}: it lives and ends with the command that runs it`,
      'Run it in the background to restart it.',
    );
  }
  const isOver = (): Promise<boolean> => Promise.resolve(needsRecovery(store, record));
  await endRun(store, record, options, (limits) => waitUntil(store, id, isOver, limits));
  await recover(store, id, { keeps: true });
  await noteContainerEvent(store.metadata, record, { action: 'stop' });
}
