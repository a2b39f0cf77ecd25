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

export interface ExecOptions extends ExecRequest, AbortOptions {
  /** The process reads what it is given; otherwise nothing. */
  readonly interactive?: boolean | undefined;
  /**
   * `pipe` (default): its streams, or its terminal, are in our hands. `inherit`: it has this process's own streams; not
   * for terminals. `ignore`: it reads nothing and what it writes is dropped.
   */
  readonly stdio?: 'pipe' | 'inherit' | 'ignore' | undefined;
}

/** A process that has joined a container. Disposal and an abort let go of it: it goes on by itself. */
export interface Exec extends AsyncDisposable {
  /** Of the container. */
  readonly id: string;
  /**
   * Its exit code, once it has ended (128 and the signal's number for a kill). Rejects with ERR_EXEC when it could not
   * start, with docker's exit code in its details; with ERR_EXEC_LOST when its supervisor was killed; with the reason of
   * the abort, or an AbortError when it was disposed of before.
   */
  readonly exitCode: Promise<number>;
}

/** {@link Exec} with its streams in our hands from the first byte on. */
export type AttachedExec = Exec & Pick<AttachedContainer, 'streams' | 'terminal' | 'interactive'>;

/**
 * Lets a process join a running container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_NOT_RUNNING, ERR_EXEC_REFUSED
 * for a paused one, ERR_EXEC with docker's exit code in its details, ERR_OPTION_INVALID, and what `writeExecProcess` does.
 */
export async function execInContainer(store: Store, name: string, options: ExecOptions): Promise<Exec | AttachedExec> {
  checkStreams(options);
  const { record, folder } = await prepare(store, name, options);
  const told = new ExecEvents(store.metadata, record, options.command);
  try {
    const begun = begin(store, record, folder, options);
    begun.catch(() => undefined);
    // It is on its way meanwhile, and has done nothing yet of which others could tell.
    await told.begin();
    const exec = await begun;
    return { ...exec, exitCode: told.end(exec.exitCode) };
  } catch (error) {
    // The process goes on when its caller lets go of it.
    if (options.signal?.aborted === true) folder.leave();
    else folder[Symbol.dispose]();
    throw error;
  }
}

function checkStreams({ stdio, terminal }: ExecOptions): void {
  checkChoice('stdio', stdio, ['pipe', 'inherit', 'ignore']);
  // The runtime would take this process's controlling terminal, which it may lack, and nobody would set the mode of it.
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
  const { exitCode, letGo } = untilLetGo(run, options);
  return {
    id: record.id,
    exitCode,
    [Symbol.asyncDispose]: async () => {
      letGo();
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

/** Lets go of a supervised process at an abort, or at disposal. */
function handleOf(
  { exitCode: end, leave }: Pick<ExecSession, 'exitCode' | 'leave'>,
  folder: ExecFolder,
  options: AbortOptions,
): Omit<Exec, 'id'> {
  const { exitCode, signal, letGo } = untilLetGo((either) => unlessAborted(end, either), options);
  const left = async (): Promise<void> => {
    await leave();
    folder.leave();
  };
  // A caller that only waits for the end need not dispose; what is still to be read stays.
  const onEnd = (): void => folder.leave();
  end.then(onEnd, onEnd);
  const onAbort = (): void => void left();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    exitCode,
    [Symbol.asyncDispose]: async () => {
      letGo();
      await left();
    },
  };
}

interface Awaited {
  /** Rejects when it is let go of before. */
  readonly exitCode: Promise<number>;
  /** Aborts with the caller's, and when it is let go of. */
  readonly signal: AbortSignal;
  readonly letGo: () => void;
}

function untilLetGo(
  end: (either: { readonly signal: AbortSignal }) => Promise<number>,
  options: AbortOptions,
): Awaited {
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const exitCode = perform(() => end({ signal }), { signal });
  exitCode.catch(() => undefined);
  return { exitCode, signal, letGo: () => left.abort(new DOMException('exec disposed', 'AbortError')) };
}

/** The container, looked at, and a folder with the document of what is to join it. */
async function prepare(
  store: Store,
  name: string,
  options: ExecOptions,
): Promise<{ readonly record: ContainerRecord; readonly folder: ExecFolder }> {
  const record = await findReconciled(store, name, options);
  options.signal?.throwIfAborted();
  const pid = runningIn(store, record, name);
  const { id } = record;
  const folder = ExecFolder.make(execsOf(store.layout), id);
  try {
    const definition = definitionOf(record);
    writeExecProcess(folder.process, { id, definition, pid, machine: thisMachine() }, options);
    return { record, folder };
  } catch (error) {
    folder[Symbol.dispose]();
    // It has ended meanwhile.
    if (errnoOf(error) === 'ENOENT') throw containerNotRunning(id);
    throw error;
  }
}

function runningIn(store: Store, record: ContainerRecord, name: string): number {
  if (!isRunning(store.metadata, record)) throw containerNotRunning(record.id);
  if (stateOf(record).status === 'paused') {
    throw execRefusal(`Container ${name} is paused, unpause the container before exec`);
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
