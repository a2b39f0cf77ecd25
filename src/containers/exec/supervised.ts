import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { StrataError } from '../../errors/index.ts';
import { type AbortOptions, unlessAborted } from '../../lib/abort.ts';
import { closeInheritedOnExec } from '../../sys/close-inherited-on-exec.ts';
import { requireProgram } from '../../sys/find-program.ts';
import { safeEnvironment } from '../../sys/run-program.ts';
import { Attachment, type TerminalSize } from '../attach/attachment.ts';
import { globalArguments, type RuntimeLocation } from '../runtime/runtime-commands.ts';
import { parseSyncMessage } from '../supervised/sync-message.ts';
import { execFailure } from './failure.ts';
import type { ExecFolder } from './folder.ts';

export interface SupervisedExecPlan {
  readonly containerId: string;
  /** Absolute path of conmon. */
  readonly program: string;
  readonly location: RuntimeLocation;
  readonly folder: ExecFolder;
  readonly terminal: boolean;
  /** True connects standard input to the clients; otherwise the process has none. */
  readonly stdin: boolean;
}

/** conmon's pipes, by descriptor. */
const pipes = { sync: 3, start: 4, attach: 5 } as const;
const maxMessageBytes = 64 * 1024;

/** A process that has joined a container. */
export interface ExecSession {
  readonly streams: Attachment;
  /**
   * Resolves when it has ended; rejects with ERR_EXEC when it could not start, and with ERR_EXEC_LOST when its
   * supervisor was killed.
   */
  readonly exitCode: Promise<number>;
  /** Disconnects from the process, which continues. Idempotent. */
  leave(): Promise<void>;
}

/**
 * Runs a process in a container, without input and without a reader of its output. An abort leaves it running. Throws
 * ERR_EXEC.
 */
export async function execDetached(
  plan: SupervisedExecPlan,
  options: AbortOptions = {},
): Promise<Omit<ExecSession, 'streams'>> {
  options.signal?.throwIfAborted();
  const { child, messages } = supervise(plan, false);
  try {
    await unlessAborted(messages.started, options);
  } catch (error) {
    leave(child);
    throw error;
  }
  return { exitCode: messages.exitCode, leave: async () => leave(child) };
}

export interface ExecWithStreamsOptions extends AbortOptions {
  /** Initial size of its terminal, if it has one. */
  readonly size?: TerminalSize | undefined;
}

/** {@link execDetached} with a client of its streams from the first byte on. */
export async function execWithStreams(
  plan: SupervisedExecPlan,
  { size, signal }: ExecWithStreamsOptions = {},
): Promise<ExecSession> {
  signal?.throwIfAborted();
  const { child, messages } = supervise(plan, true);
  const start = pipeOf(child, pipes.start);
  const attach = pipeOf(child, pipes.attach);
  start.on('error', () => undefined);
  const canAttach = once(attach, 'data');
  start.write('\0');
  const ready = Promise.race([canAttach, messages.started]);
  const streams = await connectStreams(child, plan, ready, { size: plan.terminal ? size : undefined, signal });
  start.write('\0');
  const exitCode = messages.started.then((pid) => {
    streams.follow(pid);
    return messages.exitCode;
  });
  exitCode.catch(() => undefined);
  return {
    streams,
    exitCode,
    leave: async () => {
      leave(child);
      await streams[Symbol.asyncDispose]();
    },
  };
}

async function connectStreams(
  child: ChildProcess,
  plan: SupervisedExecPlan,
  ready: Promise<unknown>,
  { size, signal }: ExecWithStreamsOptions,
): Promise<Attachment> {
  await using stack = new AsyncDisposableStack();
  try {
    await unlessAborted(ready, { signal });
    const streams = stack.use(await Attachment.connect(plan.folder.files, { signal }));
    if (size !== undefined) await streams.presize(size, { signal });
    stack.move();
    return streams;
  } catch (error) {
    leave(child);
    throw error;
  }
}

function supervise(
  { containerId, program, location, folder, terminal, stdin }: SupervisedExecPlan,
  isAttached: boolean,
): { readonly child: ChildProcess; readonly messages: SyncMessages } {
  const { files } = folder;
  const values = {
    'api-version': '1',
    cid: containerId,
    cuuid: containerId,
    name: containerId,
    runtime: location.runtime,
    bundle: files.directory,
    'container-pidfile': files.pid,
    'conmon-pidfile': files.supervisorPid,
    'log-path': 'none',
    'exec-process-spec': folder.process,
    // Removes the folder also when no command waits for the process.
    'exit-command': requireProgram('rm', 'coreutils'),
  };
  const forRuntime = [...globalArguments(location), '--log', files.log, '--log-format', 'json'];
  const args = [
    ...Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]),
    ...forRuntime.flatMap((argument) => ['--runtime-arg', argument]),
    ...['-rf', files.directory].flatMap((argument) => ['--exit-command-arg', argument]),
    '--full-attach',
    '--exec',
    ...(isAttached ? ['--exec-attach'] : []),
    ...(terminal ? ['--terminal'] : []),
    ...(stdin ? ['--stdin'] : []),
    // A terminal has one file for both directions: input cannot end alone.
    ...(stdin && terminal ? ['--leave-stdin-open'] : []),
  ];
  const attaching = { _OCI_STARTPIPE: String(pipes.start), _OCI_ATTACHPIPE: String(pipes.attach) };
  closeInheritedOnExec();
  const child = spawn(program, args, {
    cwd: files.directory,
    detached: true,
    env: { ...safeEnvironment, _OCI_SYNCPIPE: String(pipes.sync), ...(isAttached ? attaching : {}) },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', folder.lockFd],
  });
  return { child, messages: new SyncMessages(child) };
}

/**
 * conmon's messages, a line of JSON each: the process's number, or the reason why there is none; later its exit code.
 */
class SyncMessages {
  /** The process's number. */
  readonly started: Promise<number>;
  readonly exitCode: Promise<number>;

  constructor(child: ChildProcess) {
    const first = Promise.withResolvers<number>();
    const second = Promise.withResolvers<number>();
    this.started = first.promise;
    this.exitCode = second.promise;
    second.promise.catch(() => undefined);
    first.promise.catch(() => undefined);
    const sync = pipeOf(child, pipes.sync);
    let text = '';
    let complaint = '';
    const look = (): void => {
      const [pidLine, exitLine] = text.split('\n', 2).map(parseSyncMessage);
      if (pidLine?.data === undefined) return;
      if (pidLine.data > 0) first.resolve(pidLine.data);
      else first.reject(execFailure('', pidLine.message ?? complaint));
      if (exitLine?.data !== undefined) second.resolve(exitLine.data);
    };
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < maxMessageBytes) complaint += chunk.toString('utf8');
    });
    child.on('error', (error) => first.reject(error));
    sync.on('error', () => undefined);
    sync.on('data', (chunk: Buffer) => {
      if (text.length < maxMessageBytes) text += chunk.toString('utf8');
      look();
    });
    sync.on('end', () => {
      first.reject(execFailure('', complaint));
      second.reject(supervisorGone());
    });
  }
}

// The types declare only three streams of a child process.
const pipeOf = ({ stdio }: ChildProcess, fd: number): Duplex => (stdio as readonly unknown[])[fd] as Duplex;

function leave(child: ChildProcess): void {
  child.stderr?.destroy();
  for (const stream of child.stdio) stream?.destroy();
  child.unref();
}

const supervisorGone = (): StrataError =>
  new StrataError({
    code: 'ERR_EXEC_LOST',
    message: 'exec: the supervisor conmon was killed; the exit code of the process is unknown',
    hint: 'Check in the container what the process has done before you run it again.',
  });
