import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeInheritedOnExec } from '../../sys/close-inherited-on-exec.ts';
import { ifThere } from '../../sys/if-there.ts';
import { unmountIfMounted } from '../../sys/mount.ts';
import { type Mount, mountAt } from '../../sys/mount-list.ts';
import { inOwnMountNamespace } from '../../sys/mount-namespace.ts';
import { identify, type ProcessIdentity } from '../../sys/process-identity.ts';
import { removeTree } from '../../sys/remove-tree.ts';
import { runProgram } from '../../sys/run-program.ts';
import type { HostJob, HostThread } from '../../sys/worker/host.ts';
import { CreatedMountPoints } from '../mounts/created-mount-points.ts';
import { SharedBinds } from '../mounts/shared-binds.ts';
import { type DocumentContents, writeDocument } from '../runtime/document.ts';
import { deleteFromRuntime, globalArguments, type RuntimeLocation } from '../runtime/runtime-commands.ts';
import { startFailure } from '../runtime/start-failure.ts';
import { type OnChunk, OutputFlow } from './output-flow.ts';
import { StartWatch } from './start-watch.ts';

/** Everything a runtime needs to run one container to its end; plain data, so that it can be sent to a worker. */
export interface ForegroundPlan extends DocumentContents, RuntimeLocation {
  readonly id: string;
  /** Path of the bundle, which is created and removed here; its parent exists. */
  readonly bundle: string;
  readonly rootfs: readonly Mount[];
  /** Contents of files laid over the image's, by their path in the container. */
  readonly files: Readonly<Record<string, string>>;
  /** Like `files`, for executable ones. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Removes afterwards the mount points that the runtime created in the root. */
  readonly removesMountPoints?: boolean;
  /** `inherit` uses this process's own; `output` reports it as `output` events and gives the container no input. */
  readonly stdio: 'inherit' | 'output';
  /** With `inherit`: true passes standard input on; false gives the container none. */
  readonly interactive: boolean;
  /**
   * A descriptor that the runtime inherits and holds until its end: the lock which says that the container is in use.
   * Without one the container is useless once this process has ended.
   */
  readonly heldFd?: number;
}

/** A runtime that runs a container, or is about to. */
export interface StartedRuntime {
  /** Undefined when it has ended already. */
  readonly runtime: ProcessIdentity | undefined;
  /** True when signals of our terminal do not reach it. */
  readonly isOwnSession: boolean;
}

/** Events of a run; the container waits until its output is processed. */
export type ForegroundEvent =
  | ({ readonly type: 'launched' } & StartedRuntime)
  /** The container's own process runs. */
  | { readonly type: 'started' }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly chunk: Uint8Array };

/** Paths in the bundle of a foreground run. */
interface ForegroundBundle {
  readonly root: string;
  /** The runtime's log, JSON lines. */
  readonly log: string;
  /** Written by the runtime once the container's process runs. */
  readonly pid: string;
}

/**
 * Runs a container and waits for its end; returns its exit code (128 and the signal's number for a kill). The root's
 * mount ends with the thread. An abort kills the container and then rejects with the signal's reason. Throws
 * ERR_CONTAINER_START with `details.exitCode` 125, 126 or 127.
 */
export const foregroundJob: HostJob<ForegroundPlan, ForegroundEvent, number> = {
  kind: 'foreground',
  leavesMounts: true,
  run: runForeground,
};

async function runForeground(plan: ForegroundPlan, thread: HostThread<ForegroundEvent>): Promise<number> {
  using binds = SharedBinds.take(plan.options.mounts, plan.bundle);
  thread.leaveMounts();
  const bundle = {
    root: join(plan.bundle, 'rootfs'),
    log: join(plan.bundle, 'runtime.log'),
    pid: join(plan.bundle, 'pid'),
  };
  using cleaning = new DisposableStack();
  cleaning.defer(() => removeTree(plan.bundle));
  mkdirSync(bundle.root, { recursive: true, mode: 0o700 });
  cleaning.defer(() => unmountIfMounted(bundle.root, { lazy: true }));
  mountAt(plan.rootfs, bundle.root);
  const mountPoints =
    plan.removesMountPoints === true ? new CreatedMountPoints(bundle.root, mountPointsOf(plan)) : undefined;
  cleaning.use(mountPoints);
  writeBundle(plan, bundle.root, binds);
  cleaning.defer(() => mountPoints?.remove());
  return await runToEnd(plan, { bundle, binds }, thread);
}

// Innermost first. Entries of /dev need no cleaning: it has its own mount.
const mountPointsOf = ({ files }: ForegroundPlan): string[] => [...Object.keys(files), '/proc', '/sys', '/dev'];

function writeBundle(plan: ForegroundPlan, root: string, binds: SharedBinds): void {
  const files = [
    ...Object.entries(plan.files).map((file) => [...file, 0o644] as const),
    ...Object.entries(plan.scripts ?? {}).map((file) => [...file, 0o755] as const),
  ];
  const ownMounts = files.map(([destination, content, mode], at) => {
    const source = join(plan.bundle, `file-${at}`);
    writeFileSync(source, content, { mode });
    return { type: 'bind' as const, source, destination, readonly: false, recursive: false, isOwn: true };
  });
  binds.makeMountPoints();
  const mounts = [...ownMounts, ...binds.mounts];
  writeDocument(plan.bundle, root, { ...plan, options: { ...plan.options, mounts } });
}

interface Prepared {
  readonly bundle: ForegroundBundle;
  readonly binds: SharedBinds;
}

async function runToEnd(
  plan: ForegroundPlan,
  { bundle, binds }: Prepared,
  thread: HostThread<ForegroundEvent>,
): Promise<number> {
  const { signal } = thread;
  // The signal may have aborted before this thread began, and then no listener is called.
  signal.throwIfAborted();
  using start = new StartWatch(bundle.pid, () => thread.report({ type: 'started' }));
  const onOutput: OnChunk = (stream, chunk, taken) => {
    // The runtime's own messages are held back, so this is the container's output.
    start.markStarted();
    void thread.deliver({ type: 'output', stream, chunk }).then(taken);
  };
  const { child, isOwnSession } = spawnRuntime(plan, { bundle, binds });
  const hasStarted = (): boolean => start.look();
  const flow = new OutputFlow(child, { hasStarted, onOutput: plan.stdio === 'inherit' ? undefined : onOutput });
  const kill = (): void => {
    flow.unblock();
    void killContainer(plan, child);
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const exit = exitOf(child);
    const runtime = child.pid === undefined ? undefined : identify(child.pid);
    thread.report({ type: 'launched', runtime, isOwnSession });
    const { code, killedBy } = await exit;
    start.look();
    // A killed runtime, or one whose container was killed during its creation, leaves the state and the control group
    // behind.
    if (killedBy !== null || existsSync(join(plan.runtimeRoot, plan.id))) {
      await deleteFromRuntime(plan, plan.id, plan.options.cgroupsPath);
    }
    signal.throwIfAborted();
    if (killedBy !== null) return 128 + constants.signals[killedBy];
    if (code !== 0 && !hasStarted()) throw startFailure(readLog(bundle.log), flow.held.toString('utf8'));
    flow.release();
    return code ?? 0;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function spawnRuntime(
  plan: ForegroundPlan,
  { bundle, binds }: Prepared,
): { readonly child: ChildProcess; readonly isOwnSession: boolean } {
  const input = plan.stdio === 'inherit' && plan.interactive ? 'inherit' : 'ignore';
  const stdout = plan.stdio === 'inherit' ? 'inherit' : 'pipe';
  // In its own session the runtime gets only the signals we pass on; at a terminal it must stay in ours to read from
  // it.
  const isOwnSession = plan.options.terminal !== true && !(input === 'inherit' && process.stdin.isTTY);
  const args = [...globalArguments(plan), '--log', bundle.log, '--log-format', 'json'];
  args.push('run', '--bundle', plan.bundle, '--pid-file', bundle.pid, plan.id);
  const held = plan.heldFd === undefined ? [] : [plan.heldFd];
  const stdio = [input, stdout, 'pipe', ...held] as const;
  closeInheritedOnExec();
  const spawnIt = (): ChildProcess => spawn(plan.runtime, args, { stdio: [...stdio], detached: isOwnSession, env: {} });
  if (binds.isEmpty) return { child: spawnIt(), isOwnSession };
  // In the runtime's own namespace: in ours the bundle is removed.
  const child = inOwnMountNamespace(() => {
    binds.attach();
    return spawnIt();
  });
  return { child, isOwnSession };
}

interface RuntimeExit {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

/** Resolves at the end of the runtime and of all its output. */
const exitOf = async (child: ChildProcess): Promise<RuntimeExit> =>
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => resolve({ code, killedBy }));
  });

const runRuntime = async (plan: ForegroundPlan, args: readonly string[]): Promise<number | null> =>
  (await runProgram(plan.runtime, [...globalArguments(plan), ...args])).exitCode;

// A container exists some tens of milliseconds after its runtime was started; far above that something is stuck.
const killPatienceMs = 5000;

/**
 * Kills through the runtime, which knows the container's processes; waits for a container that is still being created.
 */
async function killContainer(plan: ForegroundPlan, child: ChildProcess): Promise<void> {
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  for (let waited = 0; !isGone() && waited < killPatienceMs; waited += 20) {
    if ((await runRuntime(plan, ['kill', plan.id, 'KILL'])) === 0) return;
    await sleep(20);
  }
  if (!isGone()) child.kill('SIGKILL');
}

function readLog(path: string): string {
  return ifThere(() => readFileSync(path, 'utf8').slice(-64 * 1024)) ?? '';
}
