import { ExecFolder } from '../../../containers/exec/folder.ts';
import { execInForeground } from '../../../containers/exec/foreground.ts';
import { type ExecRequest, writeExecProcess } from '../../../containers/exec/process.ts';
import {
  type ExecSession,
  execDetached,
  execWithStreams,
  type SupervisedExecPlan,
} from '../../../containers/exec/supervised.ts';
import { findSupervisor } from '../../../containers/supervised/supervisor.ts';
import { checkChoice, invalidOption } from '../../../errors/option.ts';
import { type AbortOptions, unlessAborted } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { execsOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { thisMachine } from '../../machine.ts';
import { perform } from '../../perform.ts';
import { containerNotRunning, execRefusal } from '../state/failures.ts';
import { findReconciled, processOf } from '../state/find-reconciled.ts';
import { runtimeOf } from '../state/locations.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';
import type { AttachedContainer } from './attach.ts';
import { ExecEvents } from './exec-events.ts';

/** Options of `containers.exec`. */
export interface ExecOptions extends ExecRequest, AbortOptions {
  /** Opens standard input. Default false: the process reads nothing. */
  readonly interactive?: boolean | undefined;
  /**
   * `pipe` (default): the caller gets its streams or its terminal. `inherit`: it uses the streams of this process; not with a
   * terminal. `ignore`: it reads nothing and its output is dropped.
   */
  readonly stdio?: 'pipe' | 'inherit' | 'ignore' | undefined;
}

/** A process that has joined a container. Disposal or an abort detaches; the process keeps running. */
export interface Exec extends AsyncDisposable {
  /** ID of the container. */
  readonly id: string;
  /**
   * Exit code, once the process has ended: 128 plus the signal's number after a kill. Rejects with ERR_EXEC when it could not
   * start, with docker's exit code as `details.exitCode`; with ERR_EXEC_LOST when its supervisor was killed; with the reason
   * of the abort, or an AbortError after disposal.
   */
  readonly exitCode: Promise<number>;
}

/** {@link Exec} with its streams attached from the first byte on. */
export type AttachedExec = Exec & Pick<AttachedContainer, 'streams' | 'terminal' | 'interactive'>;

/**
 * Runs a process in a running container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING, ERR_EXEC_REFUSED for a
 * paused one, ERR_EXEC with docker's exit code in its details, ERR_OPTION_INVALID, and as `writeExecProcess`.
 */
export async function execInContainer(store: Store, name: string, options: ExecOptions): Promise<Exec | AttachedExec> {
  checkStreams(options);
  const { record, folder } = await prepare(store, name, options);
  const events = new ExecEvents(store.metadata, record, options.command);
  try {
    const starting = begin(store, record, folder, options);
    starting.catch(() => undefined);
    // In parallel with the start, which has no visible effect yet.
    await events.begin();
    const exec = await starting;
    return { ...exec, exitCode: events.end(exec.exitCode) };
  } catch (error) {
    // After an abort the process keeps running and needs its folder.
    if (options.signal?.aborted === true) folder.leave();
    else folder[Symbol.dispose]();
    throw error;
  }
}

function checkStreams({ stdio, terminal }: ExecOptions): void {
  checkChoice('stdio', stdio, ['pipe', 'inherit', 'ignore']);
  // The runtime would use this process's controlling terminal, which may be missing and whose mode would stay unset.
  if (stdio === 'inherit' && terminal === true)
    throw invalidOption('stdio', stdio, "pipe for a process with a terminal, and pass that terminal's bytes on");
}

async function begin(
  store: Store,
  record: ContainerRecord,
  folder: ExecFolder,
  options: ExecOptions,
): Promise<Exec | AttachedExec> {
  if (options.stdio === 'inherit') return inherit(store, record, folder, options);
  return options.stdio === 'ignore'
    ? await ignore(store, record, folder, options)
    : await pipe(store, record, folder, options);
}

function inherit(store: Store, record: ContainerRecord, folder: ExecFolder, options: ExecOptions): Exec {
  const { interactive = false } = options;
  const run = async ({ signal }: AbortOptions): Promise<number> => {
    using _folder = folder;
    return await execInForeground(runtimeOf(store, definitionOf(record)), record.id, folder, {
      interactive,
      signal,
    });
  };
  const { exitCode, detach } = runDetachable(run, options);
  return {
    id: record.id,
    exitCode,
    [Symbol.asyncDispose]: async () => {
      detach();
      await exitCode.catch(() => undefined);
    },
  };
}

async function ignore(store: Store, record: ContainerRecord, folder: ExecFolder, options: ExecOptions): Promise<Exec> {
  const session = await execDetached(planOf(store, record, folder, { ...options, interactive: false }), options);
  return { id: record.id, ...handleOf(session, folder, options) };
}

async function pipe(
  store: Store,
  record: ContainerRecord,
  folder: ExecFolder,
  options: ExecOptions,
): Promise<AttachedExec> {
  const plan = planOf(store, record, folder, options);
  const session = await execWithStreams(plan, { size: options.terminalSize, signal: options.signal });
  const { streams } = session;
  return {
    id: record.id,
    streams,
    terminal: plan.terminal,
    interactive: plan.stdin,
    ...handleOf(session, folder, options),
  };
}

/** Returns a handle that detaches from a supervised process at an abort or disposal. */
function handleOf(
  { exitCode: end, leave }: Pick<ExecSession, 'exitCode' | 'leave'>,
  folder: ExecFolder,
  options: AbortOptions,
): Omit<Exec, 'id'> {
  const { exitCode, signal, detach } = runDetachable((either) => unlessAborted(end, either), options);
  const leaveAll = async (): Promise<void> => {
    await leave();
    folder.leave();
  };
  // A caller that only waits for the end need not dispose. Unread output stays readable.
  const onEnd = (): void => folder.leave();
  end.then(onEnd, onEnd);
  const onAbort = (): void => void leaveAll();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    exitCode,
    [Symbol.asyncDispose]: async () => {
      detach();
      await leaveAll();
    },
  };
}

interface DetachableRun {
  /** Rejects when detached before the end. */
  readonly exitCode: Promise<number>;
  /** Aborts with the caller's signal, and at `detach`. */
  readonly signal: AbortSignal;
  readonly detach: () => void;
}

function runDetachable(
  end: (either: { readonly signal: AbortSignal }) => Promise<number>,
  options: AbortOptions,
): DetachableRun {
  const detaching = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, detaching.signal]) : detaching.signal;
  const exitCode = perform(() => end({ signal }), { signal });
  exitCode.catch(() => undefined);
  return { exitCode, signal, detach: () => detaching.abort(new DOMException('exec disposed', 'AbortError')) };
}

/** Checks the container, and writes the runtime's document of the new process into a folder. */
async function prepare(
  store: Store,
  name: string,
  options: ExecOptions,
): Promise<{ readonly record: ContainerRecord; readonly folder: ExecFolder }> {
  const record = await findReconciled(store, name, options);
  options.signal?.throwIfAborted();
  const pid = mainPidOf(store, record, name);
  const { id } = record;
  const folder = ExecFolder.make(execsOf(store.layout), id);
  try {
    const definition = definitionOf(record);
    writeExecProcess(folder.process, { id, definition, pid, machine: thisMachine() }, options);
    return { record, folder };
  } catch (error) {
    folder[Symbol.dispose]();
    // The container has ended meanwhile.
    if (errnoOf(error) === 'ENOENT') throw containerNotRunning(id);
    throw error;
  }
}

function mainPidOf(store: Store, record: ContainerRecord, name: string): number {
  if (!isRunning(store.metadata, record)) throw containerNotRunning(record.id);
  if (stateOf(record).status === 'paused') {
    throw execRefusal(`Container ${name} is paused, unpause the container before exec`, 'Unpause it.');
  }
  const process = processOf(store, record);
  if (process === undefined) throw containerNotRunning(record.id);
  return process.pid;
}

const planOf = (
  store: Store,
  record: ContainerRecord,
  folder: ExecFolder,
  { terminal, interactive }: ExecOptions,
): SupervisedExecPlan => ({
  containerId: record.id,
  program: findSupervisor(),
  location: runtimeOf(store, definitionOf(record)),
  folder,
  terminal: terminal === true,
  stdin: interactive === true,
});
