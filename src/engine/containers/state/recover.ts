import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clearExecFolders } from '../../../containers/exec/folder.ts';
import { type Bundle, readPid, wasOutOfMemory } from '../../../containers/runtime/bundle.ts';
import {
  controlGroupOf,
  deleteFromRuntime,
  forgetInRuntime,
  freeze,
  isKnown,
  runtimeStatus,
} from '../../../containers/runtime/runtime-commands.ts';
import { type ContainerState, ended, toJson } from '../../../containers/state.ts';
import { type Exit, readExit, writeExit } from '../../../containers/supervised/exits.ts';
import { endOrphanedInit } from '../../../containers/supervised/orphaned-init.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { execsOf, exitsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { bootId } from '../../../sys/boot-id.ts';
import { isFrozen } from '../../../sys/control-groups.ts';
import {
  exitCodeOfZombie,
  identify,
  isAlive,
  isAsleep,
  type ProcessIdentity,
  signalProcess,
} from '../../../sys/process-identity.ts';
import { discardContainer } from './discard.ts';
import { isLocked } from './file-lock.ts';
import { forgetExits } from './forget-exits.ts';
import { bundleOf, clearingPlaceOf } from './places.ts';
import { definitionOf, groupOf, isRunning, stateOf } from './state.ts';

/** After a reboot, or without anybody to be told: containerd says the same. */
export const unknownExitCode = 255;
const killedExitCode = 137;
const SIGKILL = 9;

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

const hasEnded = ({ process }: ContainerState): boolean => process !== undefined && !isAlive(process);

/**
 * How a container ended. Its supervisor says so when all clients have read everything; one that never does, because it was
 * stopped, must not hold up everybody: then the first process says it itself, which nobody has waited for yet.
 */
async function lastWord(
  { layout }: Store,
  { id }: ContainerRecord,
  { process, supervisor }: ContainerState,
): Promise<Partial<Exit> | undefined> {
  const told = (): Exit | undefined => readExit(exitsOf(layout), id);
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
  how: Partial<Exit> & Pick<ContainerState, 'error'>,
  { keeps = false }: RecoverOptions = {},
): Promise<void> {
  const { layout, metadata } = store;
  const { id } = record;
  const { bootId: boot, supervisor } = stateOf(record);
  const oomKilled = wasOutOfMemory(bundleOf(layout, id)) || undefined;
  // Numbers of another boot's processes are other processes' now.
  await tearDown(store, id, boot === bootId() ? supervisor : undefined);
  if (definitionOf(record).host.AutoRemove && !keeps) {
    writeExit(exitsOf(layout), id, how.exitCode ?? unknownExitCode);
    await discardContainer(store, record);
  } else {
    metadata.containers.change(id, (now) => toJson(ended(stateOf(now), { finishedAt: Date.now(), ...how, oomKilled })));
  }
  forgetExits(store);
}

/**
 * Takes away everything of a container's run but its exit file: processes, control groups, mounts, bundle. Waits until
 * `supervisor` is gone, and with it the mount of the root. Idempotent.
 */
export async function tearDown(store: Store, id: string, supervisor: ProcessIdentity | undefined): Promise<void> {
  const { directory } = bundleOf(store.layout, id);
  if (existsSync(directory)) {
    const place = clearingPlaceOf(store, id);
    const record = store.metadata.containers.get(id);
    const group = groupIn(store, id);
    // What is frozen does not die (cgroups of version 1). It may be thawed already, or gone.
    if (isFrozen(group)) await freeze(place, id, 'resume').catch(() => undefined);
    // The runtime does no more than we when the first process is gone, and takes longer.
    if (record !== undefined && hasRunOut(stateOf(record))) await forgetInRuntime(place, id, group);
    else await deleteFromRuntime(place, id, group);
  }
  if (supervisor !== undefined) {
    const isGone = (): boolean => !isAlive(supervisor);
    if (!(await unlessStuck(supervisor, isGone))) signalProcess(supervisor, SIGKILL);
    await within(longestMs, isGone);
  }
  await endOrphanedRuntime(store, id);
  await clearExecFolders(execsOf(store.layout), id);
  rmSync(directory, { recursive: true, force: true });
}

function groupIn({ metadata }: Store, id: string): string {
  const record = metadata.containers.get(id);
  return record === undefined ? controlGroupOf(id) : groupOf(record);
}

/** A runtime whose supervisor was killed goes on making the container, with the supervisor's lock. */
async function endOrphanedRuntime(store: Store, id: string): Promise<void> {
  const { lock } = bundleOf(store.layout, id);
  const place = clearingPlaceOf(store, id);
  for (let waited = 0; isLocked(lock) && waited < longestMs; waited += 10) {
    await sleep(10);
    if (isKnown(place, id)) await deleteFromRuntime(place, id, groupIn(store, id));
  }
}

const hasRunOut = (state: ContainerState): boolean =>
  (state.status === 'running' || state.status === 'paused') && state.bootId === bootId() && hasEnded(state);

// A supervisor is gone some milliseconds after its container; one that has slept far beyond that is stuck.
const patienceMs = 2000;
// On a busy machine it may take its time, which has an end too.
const longestMs = 30_000;

const pauseMs = 2;

/** Waits until it is so; false when the supervisor waits for somebody who does not come. */
async function unlessStuck(supervisor: ProcessIdentity, isSo: () => boolean): Promise<boolean> {
  let sleptMs = 0;
  const isStuck = (): boolean => (sleptMs += isAsleep(supervisor) ? pauseMs : 0) >= patienceMs;
  await within(longestMs, () => isSo() || isStuck());
  return isSo();
}

async function within(limitMs: number, isSo: () => boolean): Promise<boolean> {
  for (let waited = 0; !isSo(); waited += pauseMs) {
    if (waited >= limitMs) return false;
    await sleep(pauseMs);
  }
  return true;
}

/** The supervisor holds its lock to its end: with that free the number in its file is nobody's, or somebody else's. */
export function supervisorOf({ lock, supervisorPid }: Bundle): ProcessIdentity | undefined {
  const pid = isLocked(lock) ? readPid(supervisorPid) : undefined;
  return pid === undefined ? undefined : identify(pid);
}

/** Somebody was killed between making a container's processes and letting them go, or just after. */
async function recoverStart(store: Store, record: ContainerRecord, state: ContainerState): Promise<void> {
  const { layout, metadata } = store;
  const { id } = record;
  const bundle = bundleOf(layout, id);
  const back = (): void => {
    metadata.containers.change(id, (now) => toJson(ended(stateOf(now), { exitCode: state.exitCode })));
    rmSync(join(exitsOf(layout), id), { force: true });
  };
  const isThisBoot = state.bootId === bootId();
  // A supervisor that is at it goes on to the end: the container's first process, or a complaint.
  if (isThisBoot && isLocked(bundle.lock)) {
    using _orphans = endOrphanedInit(bundle);
    await within(longestMs, () => readPid(bundle.pid) !== undefined || !isLocked(bundle.lock));
  }
  const pid = readPid(bundle.pid);
  const supervisor = isThisBoot ? supervisorOf(bundle) : undefined;
  const hasRun = isThisBoot && pid !== undefined && (await runtimeStatus(clearingPlaceOf(store, id), id)) !== 'created';
  if (!hasRun) {
    await tearDown(store, id, supervisor);
    return back();
  }
  const running = { ...state, status: 'running', supervisor, process: identify(pid), startedAt: Date.now() } as const;
  const adopted = metadata.containers.change(id, () => toJson(running));
  if (adopted !== undefined) await recoverRun(store, adopted, running);
}
