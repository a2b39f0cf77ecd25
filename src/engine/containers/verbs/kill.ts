import { setTimeout as sleep } from 'node:timers/promises';
import { readPid } from '../../../containers/runtime/bundle.ts';
import { freeze } from '../../../containers/runtime/runtime-commands.ts';
import { SIGKILL, signalNumber } from '../../../containers/signals.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { isFrozen } from '../../../sys/control-groups.ts';
import { type ProcessIdentity, signalProcess } from '../../../sys/process-identity.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { changeState } from '../state/change-state.ts';
import { notRunning } from '../state/failures.ts';
import { findReconciled, processOf } from '../state/find-reconciled.ts';
import { bundleOf, runtimeOf } from '../state/locations.ts';
import { definitionOf, groupOf, isRunning, stateOf } from '../state/state.ts';
import { waitUntilKilled } from '../state/wait-until-killed.ts';
import { waitForEnd } from './wait.ts';

/** Options of `containers.kill`. */
export interface KillOptions extends AbortOptions {
  /** Signal to send: a name or a number. Default KILL. */
  readonly send?: string | undefined;
}

const SIGTERM = 15;
/**
 * Sends a signal to a running container's main process. KILL ends all processes, and its effect is waited for as with
 * docker. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING, ERR_SIGNAL_INVALID, ERR_CONTAINER_NOT_KILLED.
 */
export async function killContainer(store: Store, name: string, options: KillOptions = {}): Promise<void> {
  const signal = signalNumber(options.send ?? 'KILL');
  const record = await findReconciled(store, name, options);
  if (!isRunning(store.metadata, record) || !(await sendSignal(store, record, signal, options)))
    throw notRunning(record.id, 'kill', name);
  if (signal !== SIGKILL) return;
  const task = `cannot kill container: ${name.slice(0, 256)}`;
  await waitUntilKilled({ signal: options.signal, task }, (limits) => waitForEnd(store, record, limits));
}

/** Sends a signal by number, for an up-to-date record. Returns false when its process has just ended. */
export async function sendSignal(
  store: Store,
  record: ContainerRecord,
  signal: number,
  options: AbortOptions = {},
): Promise<boolean> {
  const process = await waitForProcess(store, record, options);
  if (process === undefined || !signalProcess(process, signal)) return false;
  await noteContainerEvent(store.metadata, record, { action: 'kill', attributes: { signal: String(signal) } });
  // As docker: a signal that may end the container thaws it.
  const { StopSignal = '' } = definitionOf(record).config;
  const mayEnd = StopSignal === '' || signal === SIGKILL || signal === stopSignalOf(StopSignal);
  if (mayEnd && isFrozen(groupOf(record))) await thaw(store, record, signal);
  return true;
}

/** Parses the image's stop signal. As docker, falls back to TERM for an invalid one. */
export function stopSignalOf(text: string | undefined): number {
  try {
    return text === undefined || text === '' ? SIGTERM : signalNumber(text);
  } catch {
    return SIGTERM;
  }
}

/**
 * Thaws a container, paused by its record or not: a commit that was killed with all its helpers leaves it frozen too. Frozen
 * processes do not die (cgroups of version 1).
 */
async function thaw(store: Store, record: ContainerRecord, signal: number): Promise<void> {
  const { id } = record;
  // Another command may have thawed it, or it has ended.
  await freeze(runtimeOf(store, definitionOf(record)), id, 'resume').catch(() => undefined);
  await changeState(
    store.metadata,
    id,
    (state) => (state.status === 'paused' ? { ...state, status: 'running' } : undefined),
    // A killed container ends soon: its state is not worth a flush.
    { happened: [{ action: 'unpause' }], skipFlush: signal === SIGKILL },
  );
}

const pollMs = 10;

/** Returns the main process. Waits for that of a foreground run, which is recorded as running before its process exists. */
async function waitForProcess(
  store: Store,
  record: ContainerRecord,
  { signal }: AbortOptions,
): Promise<ProcessIdentity | undefined> {
  const { layout, metadata } = store;
  const { id } = record;
  while (stateOf(record).attended === true && readPid(bundleOf(layout, id).pid) === undefined) {
    await metadata.leases.removeDead();
    const now = metadata.containers.get(id);
    if (now === undefined || !isRunning(metadata, now)) return undefined;
    await sleep(pollMs);
    signal?.throwIfAborted();
  }
  return processOf(store, record);
}
