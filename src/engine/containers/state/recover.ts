import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readPid, wasOutOfMemory } from '../../../containers/runtime/bundle.ts';
import { runtimeStatus } from '../../../containers/runtime/runtime-commands.ts';
import { killedExitCode, SIGKILL } from '../../../containers/signals.ts';
import { type ContainerEnd, type ContainerState, toEndedState } from '../../../containers/state.ts';
import { type ContainerExit, readExit, writeExit } from '../../../containers/supervised/exits.ts';
import { endOrphanedInit } from '../../../containers/supervised/orphaned-init.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { bootId } from '../../../sys/boot-id.ts';
import { exitCodeOfZombie, identify, isAlive, signalProcess } from '../../../sys/process-identity.ts';
import type { ContainerEvent } from '../../events/container-event.ts';
import { changeState } from './change-state.ts';
import { discardContainer } from './discard.ts';
import { forgetExits } from './forget-exits.ts';
import { isLocked } from './is-locked.ts';
import { bundleOf, clearingRuntimeOf } from './locations.ts';
import { clearRun } from './run-resources.ts';
import { definitionOf, hasEnded, isRunning, stateOf } from './state.ts';
import { supervisorOf, waitUnlessStuck } from './supervisor.ts';
import { patience, waitWithin } from './wait-within.ts';

/** Exit code of an end that was not observed, as after a reboot. containerd uses the same. */
export const unknownExitCode = 255;
export interface RecoverOptions {
  /** Keeps a container that has ended for its next start, also with `AutoRemove`. */
  readonly keeps?: boolean;
}

/**
 * Brings the record of one container up to date after any kill, and clears what is left of its last run. The caller holds
 * its lock. Idempotent; can be killed anywhere.
 */
export async function recover(store: Store, id: string, options: RecoverOptions = {}): Promise<void> {
  const record = store.metadata.containers.get(id);
  if (record === undefined) return;
  const state = stateOf(record);
  if (state.status === 'removing') await discardContainer(store, record);
  else if (state.status === 'starting') await recoverStart(store, record, state);
  else if (state.status === 'running' || state.status === 'paused') await recoverRun(store, record, state, options);
}

/** True when {@link recover} has something to do. Costs a look at a file and a process. */
export function needsRecovery({ layout, metadata }: Store, record: ContainerRecord): boolean {
  const state = stateOf(record);
  if (state.status === 'removing' || state.status === 'starting') return true;
  if (state.status !== 'running' && state.status !== 'paused') return false;
  if (state.attended === true) return !isRunning(metadata, record);
  if (state.bootId !== bootId() || !isAliveIn(state) || hasEnded(state)) return true;
  return readExit(exitsOf(layout), record.id) !== undefined;
}

const isAliveIn = ({ supervisor }: ContainerState): boolean => supervisor !== undefined && isAlive(supervisor);

/**
 * Determines how a container ended. conmon writes the exit file only after every client has drained its output. If it is
 * stuck, because a client was stopped, reads the status of the unreaped main process and kills conmon.
 */
async function determineExit(
  { layout }: Store,
  { id }: ContainerRecord,
  { process, supervisor }: ContainerState,
): Promise<Partial<ContainerExit> | undefined> {
  const exitFile = (): ContainerExit | undefined => readExit(exitsOf(layout), id);
  if (process === undefined || supervisor === undefined) return exitFile();
  if (await waitUnlessStuck(supervisor, () => exitFile() !== undefined || !isAlive(supervisor))) return exitFile();
  const exitCode = exitCodeOfZombie(process) ?? unknownExitCode;
  signalProcess(supervisor, SIGKILL);
  return { exitCode };
}

async function recoverRun(
  store: Store,
  record: ContainerRecord,
  state: ContainerState,
  options: RecoverOptions = {},
): Promise<void> {
  if (!needsRecovery(store, record)) return;
  if (state.attended === true || state.bootId !== bootId()) {
    return await finish(store, record, { exitCode: unknownExitCode }, options);
  }
  const exit = await determineExit(store, record, state);
  if (exit !== undefined) return await finish(store, record, exit, options);
  // Its streams have no reader any more, so it is not kept running.
  await finish(store, record, { exitCode: killedExitCode, error: 'its supervisor conmon was killed' }, options);
}

/** Clears a run, then records how it ended. */
async function finish(
  store: Store,
  record: ContainerRecord,
  how: ContainerEnd,
  { keeps = false }: RecoverOptions = {},
): Promise<void> {
  const { layout, metadata } = store;
  const { id } = record;
  const { bootId: boot, supervisor, startedAt } = stateOf(record);
  const oomKilled = wasOutOfMemory(bundleOf(layout, id)) || undefined;
  const end = { finishedAt: Date.now(), ...how, oomKilled };
  const happened = startedAt === undefined ? [] : endEvents(startedAt, end);
  // Pids of another boot belong to other processes now.
  await clearRun({ store, id, supervisor: boot === bootId() ? supervisor : undefined });
  if (definitionOf(record).host.AutoRemove && !keeps) {
    writeExit(exitsOf(layout), id, how.exitCode ?? unknownExitCode);
    await discardContainer(store, record, { happened, end });
    // Also on a full disk, which the container itself may have filled: only then can it be inspected and removed.
  } else await changeState(metadata, id, (now) => toEndedState(now, end), { happened, freesSpace: true });
  forgetExits(store);
}

const endEvents = (startedAt: number, end: ContainerEnd): ContainerEvent[] => {
  const event = dieEvent(startedAt, end);
  return end.oomKilled === true ? [{ action: 'oom', time: event.time }, event] : [event];
};

/** Returns the event of a run's end, at the time its supervisor recorded. */
export function dieEvent(
  startedAt: number,
  { exitCode = unknownExitCode, finishedAt = Date.now() }: ContainerEnd,
): ContainerEvent {
  const seconds = Math.max(0, Math.trunc((finishedAt - startedAt) / 1000));
  const attributes = { exitCode: String(exitCode), execDuration: String(seconds) };
  return { action: 'die', attributes, time: finishedAt };
}

/** Recovers from a command that was killed between creating a container's processes and recording its start. */
async function recoverStart(store: Store, record: ContainerRecord, state: ContainerState): Promise<void> {
  const { layout, metadata } = store;
  const { id } = record;
  const bundle = bundleOf(layout, id);
  const restore = async (): Promise<void> => {
    const { exitCode, finishedAt, error, oomKilled } = state;
    const before = { exitCode, finishedAt, error, oomKilled };
    await changeState(metadata, id, (now) => toEndedState(now, before), { freesSpace: true });
    rmSync(join(exitsOf(layout), id), { force: true });
  };
  const isThisBoot = state.bootId === bootId();
  // A working supervisor continues until the container's main process exists or has failed.
  if (isThisBoot && isLocked(bundle.lock)) {
    using _orphans = endOrphanedInit(bundle);
    await waitWithin(patience.longestMs, () => readPid(bundle.pid) !== undefined || !isLocked(bundle.lock));
  }
  const pid = readPid(bundle.pid);
  const supervisor = isThisBoot ? supervisorOf(bundle) : undefined;
  const hasRun =
    isThisBoot && pid !== undefined && (await runtimeStatus(clearingRuntimeOf(store, id), id)) !== 'created';
  if (!hasRun) {
    await clearRun({ store, id, supervisor });
    return await restore();
  }
  // The pid file is as old as the process, which may have ended long ago.
  const startedAt = modificationTimeOf(bundle.pid) ?? Date.now();
  const running = { ...state, status: 'running', supervisor, process: identify(pid), startedAt } as const;
  const happened = [{ action: 'start', time: startedAt }];
  const adopted = await changeState(metadata, id, () => running, { happened });
  if (adopted !== undefined) await recoverRun(store, adopted, running);
}

const modificationTimeOf = (path: string): number | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Math.trunc(stat.mtimeMs);
};
