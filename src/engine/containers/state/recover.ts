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
import { isLocked } from './file-lock.ts';
import { forgetExits } from './forget-exits.ts';
import { bundleOf, clearingPlaceOf } from './places.ts';
import { clearRun } from './run-resources.ts';
import { definitionOf, hasEnded, isRunning, stateOf } from './state.ts';
import { supervisorOf, unlessStuck } from './supervisor.ts';
import { patience, within } from './within.ts';

/** After a reboot, or without anybody to be told: containerd says the same. */
export const unknownExitCode = 255;
export interface RecoverOptions {
  /** A container that has ended is to be started again: it stays, also with `AutoRemove`. */
  readonly keeps?: boolean;
}

/**
 * Makes the record of one container true, whatever was killed meanwhile, and takes away what is left of its last run. The
 * caller holds its lock. Idempotent; can be killed anywhere.
 */
export async function recover(store: Store, id: string, options: RecoverOptions = {}): Promise<void> {
  const record = store.metadata.containers.get(id);
  if (record === undefined) return;
  const state = stateOf(record);
  if (state.status === 'removing') await discardContainer(store, record);
  else if (state.status === 'starting') await recoverStart(store, record, state);
  else if (state.status === 'running' || state.status === 'paused') await recoverRun(store, record, state, options);
}

/** True when {@link recover} has something to do; a look at a file and a process, no more. */
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
 * How a container ended. Its supervisor says so when all clients have read everything; one that never does, because it was
 * stopped, must not hold up everybody: then the first process says it itself, which nobody has waited for yet.
 */
async function lastWord(
  { layout }: Store,
  { id }: ContainerRecord,
  { process, supervisor }: ContainerState,
): Promise<Partial<ContainerExit> | undefined> {
  const told = (): ContainerExit | undefined => readExit(exitsOf(layout), id);
  if (process === undefined || supervisor === undefined) return told();
  if (await unlessStuck(supervisor, () => told() !== undefined || !isAlive(supervisor))) return told();
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
  const exit = await lastWord(store, record, state);
  if (exit !== undefined) return await finish(store, record, exit, options);
  // Nothing holds its streams any more, so it is not let go on.
  await finish(store, record, { exitCode: killedExitCode, error: 'its supervisor conmon was killed' }, options);
}

/** Clears up behind a run, then writes how it ended. */
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
  const happened = startedAt === undefined ? [] : tellEnd(startedAt, end);
  // Numbers of another boot's processes are other processes' now.
  await clearRun({ store, id, supervisor: boot === bootId() ? supervisor : undefined });
  if (definitionOf(record).host.AutoRemove && !keeps) {
    writeExit(exitsOf(layout), id, how.exitCode ?? unknownExitCode);
    await discardContainer(store, record, { happened, end });
    // On a full disk, too: it may be the container that filled it, and only then can it be looked at or removed.
  } else await changeState(metadata, id, (now) => toEndedState(now, end), { happened, freesSpace: true });
  forgetExits(store);
}

const tellEnd = (startedAt: number, end: ContainerEnd): ContainerEvent[] => {
  const event = died(startedAt, end);
  return end.oomKilled === true ? [{ action: 'oom', time: event.time }, event] : [event];
};

/** The end of a run, at the time its supervisor wrote down. */
export function died(
  startedAt: number,
  { exitCode = unknownExitCode, finishedAt = Date.now() }: ContainerEnd,
): ContainerEvent {
  const seconds = Math.max(0, Math.trunc((finishedAt - startedAt) / 1000));
  const attributes = { exitCode: String(exitCode), execDuration: String(seconds) };
  return { action: 'die', attributes, time: finishedAt };
}

/** Somebody was killed between making a container's processes and letting them go, or just after. */
async function recoverStart(store: Store, record: ContainerRecord, state: ContainerState): Promise<void> {
  const { layout, metadata } = store;
  const { id } = record;
  const bundle = bundleOf(layout, id);
  const back = async (): Promise<void> => {
    await changeState(metadata, id, (now) => toEndedState(now, { exitCode: state.exitCode }), { freesSpace: true });
    rmSync(join(exitsOf(layout), id), { force: true });
  };
  const isThisBoot = state.bootId === bootId();
  // A supervisor that is at it goes on to the end: the container's first process, or a complaint.
  if (isThisBoot && isLocked(bundle.lock)) {
    using _orphans = endOrphanedInit(bundle);
    await within(patience.longestMs, () => readPid(bundle.pid) !== undefined || !isLocked(bundle.lock));
  }
  const pid = readPid(bundle.pid);
  const supervisor = isThisBoot ? supervisorOf(bundle) : undefined;
  const hasRun = isThisBoot && pid !== undefined && (await runtimeStatus(clearingPlaceOf(store, id), id)) !== 'created';
  if (!hasRun) {
    await clearRun({ store, id, supervisor });
    return await back();
  }
  // It may have ended long since: the file is as old as its process.
  const startedAt = writtenAt(bundle.pid) ?? Date.now();
  const running = { ...state, status: 'running', supervisor, process: identify(pid), startedAt } as const;
  const happened = [{ action: 'start', time: startedAt }];
  const adopted = await changeState(metadata, id, () => running, { happened });
  if (adopted !== undefined) await recoverRun(store, adopted, running);
}

const writtenAt = (path: string): number | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Math.trunc(stat.mtimeMs);
};
