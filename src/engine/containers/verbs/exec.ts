import { execAttended } from '../../../containers/exec/attended.ts';
import { ExecFolder } from '../../../containers/exec/folder.ts';
import { type ExecRequest, writeExecProcess } from '../../../containers/exec/process.ts';
import { execDetached, execWithStreams, type SupervisedExecPlan } from '../../../containers/exec/supervised.ts';
import { findSupervisor } from '../../../containers/supervised/supervisor.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { execsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { thisMachine } from '../../machine.ts';
import { perform } from '../../perform.ts';
import { execRefused, notRunningNow } from '../state/failures.ts';
import { findReconciled, processOf } from '../state/find-reconciled.ts';
import { runtimePlaceOf } from '../state/places.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';
import type { AttachedContainer } from './attach.ts';

export interface ExecOptions extends ExecRequest, AbortOptions {
  /** It reads what it is given; otherwise nothing. */
  readonly interactive?: boolean | undefined;
}

/**
 * Runs a process in a running container with this process's own streams; answers its exit code. Not for terminals. An
 * abort lets it go on by itself. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING, ERR_EXEC_REFUSED for one that is
 * paused, ERR_EXEC with docker's exit code in its details, and what `writeExecProcess` does.
 */
export async function execHere(store: Store, name: string, options: ExecOptions): Promise<number> {
  const { id, folder } = await prepare(store, name, options);
  using _folder = folder;
  const { interactive = false, signal } = options;
  return await execAttended(runtimePlaceOf(store), id, folder, { interactive, signal });
}

/** Lets a process join a running container and leaves it to itself. Throws as {@link execHere}. */
export async function execBehind(store: Store, name: string, options: ExecOptions): Promise<void> {
  const { id, folder } = await prepare(store, name, options);
  try {
    await execDetached(planOf(store, id, folder, { ...options, interactive: false }));
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  folder.leave();
}

/**
 * Lets a process join a running container with its streams in our hands from the first byte on; disposal, and an abort,
 * let go of it. Throws as {@link execHere}; that it could not start may also be told by its exit code's rejection.
 */
export async function execAttached(store: Store, name: string, options: ExecOptions): Promise<AttachedContainer> {
  const { id, folder } = await prepare(store, name, options);
  try {
    const plan = planOf(store, id, folder, options);
    const session = await execWithStreams(plan, options.terminalSize);
    const letGo = (): void => void session.leave();
    const exitCode = perform(() => session.exitCode, options);
    exitCode.catch(() => undefined);
    options.signal?.addEventListener('abort', letGo, { once: true });
    if (options.signal?.aborted === true) letGo();
    return {
      id,
      streams: session.streams,
      terminal: plan.terminal,
      interactive: plan.stdin,
      exitCode,
      [Symbol.asyncDispose]: async () => {
        options.signal?.removeEventListener('abort', letGo);
        await session.leave();
        folder.leave();
      },
    };
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** The container, looked at, and a folder with the document of what is to join it. */
async function prepare(
  store: Store,
  name: string,
  options: ExecOptions,
): Promise<{ readonly id: string; readonly folder: ExecFolder }> {
  const record = await findReconciled(store, name, options);
  const pid = runningIn(store, record, name);
  const { id } = record;
  const folder = ExecFolder.make(execsOf(store.layout), id);
  try {
    const definition = definitionOf(record);
    writeExecProcess(folder.process, { id, definition, pid, machine: thisMachine() }, options);
    return { id, folder };
  } catch (error) {
    folder[Symbol.dispose]();
    // It has ended meanwhile.
    if (errnoOf(error) === 'ENOENT') throw notRunningNow(id);
    throw error;
  }
}

function runningIn(store: Store, record: ContainerRecord, name: string): number {
  if (!isRunning(store.metadata, record)) throw notRunningNow(record.id);
  if (stateOf(record).status === 'paused') {
    throw execRefused(`Container ${name} is paused, unpause the container before exec`);
  }
  const process = processOf(store, record);
  if (process === undefined) throw notRunningNow(record.id);
  return process.pid;
}

const planOf = (
  store: Store,
  containerId: string,
  folder: ExecFolder,
  { terminal, interactive }: ExecOptions,
): SupervisedExecPlan => ({
  containerId,
  program: findSupervisor(),
  place: runtimePlaceOf(store),
  folder,
  terminal: terminal === true,
  stdin: interactive === true,
});
