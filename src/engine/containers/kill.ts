import { setTimeout as sleep } from 'node:timers/promises';
import { readPid } from '../../containers/runtime/bundle.ts';
import { freeze } from '../../containers/runtime/runtime-commands.ts';
import { signalNumber } from '../../containers/signals.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { type ProcessIdentity, signalProcess } from '../../sys/process-identity.ts';
import { notRunning } from './failures.ts';
import { lookUp, processOf } from './look-up.ts';
import { bundleOf, type ContainerParts, runtimePlaceOf } from './parts.ts';
import { isRunning, stateOf } from './state.ts';

export interface KillOptions extends AbortOptions {
  /** The signal to send, a name or a number; default KILL. */
  readonly send?: string | undefined;
}

const SIGKILL = 9;

/**
 * Sends a signal to a running container's first process; KILL ends all of them. Does not wait for what comes of it. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING, ERR_SIGNAL_INVALID.
 */
export async function killContainer(parts: ContainerParts, name: string, options: KillOptions = {}): Promise<void> {
  const signal = signalNumber(options.send ?? 'KILL');
  const record = await lookUp(parts, name, options);
  if (!isRunning(parts.metadata, record) || !(await sendSignal(parts, record, signal, options)))
    throw notRunning(record.id, 'kill', name);
}

/** {@link killContainer} by number, for a record that is true; false when its process has just ended. */
export async function sendSignal(
  parts: ContainerParts,
  record: ContainerRecord,
  signal: number,
  options: AbortOptions = {},
): Promise<boolean> {
  const process = await firstProcess(parts, record, options);
  if (process === undefined || !signalProcess(process, signal)) return false;
  // What is frozen does not die (cgroups of version 1). Somebody else may have thawed it.
  if (signal === SIGKILL && stateOf(record).status === 'paused') {
    await freeze(runtimePlaceOf(parts), record.id, 'resume').catch(() => undefined);
  }
  return true;
}

const lookEveryMs = 10;

/** One that a command runs by itself is recorded as running while it is still being made: its process is waited for. */
async function firstProcess(
  parts: ContainerParts,
  record: ContainerRecord,
  { signal }: AbortOptions,
): Promise<ProcessIdentity | undefined> {
  const { layout, metadata } = parts;
  const { id } = record;
  while (stateOf(record).attended === true && readPid(bundleOf(layout, id).pid) === undefined) {
    metadata.leases.removeDead();
    const now = metadata.containers.get(id);
    if (now === undefined || !isRunning(metadata, now)) return undefined;
    await sleep(lookEveryMs);
    signal?.throwIfAborted();
  }
  return processOf(parts, record);
}
