import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readUserDatabases } from '../images/user-databases.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { formatRuntimeDocument } from '../oci-runtime/format.ts';
import { type ContainerOptions, createRuntimeSpec } from '../oci-runtime/from-image.ts';
import { resolveUser } from '../oci-runtime/user.ts';
import type { RunConfig } from '../spec/config.ts';
import { errnoOf } from '../sys/errno.ts';
import { unmountIfMounted } from '../sys/mount.ts';
import { type MountSpec, mountAt } from '../sys/mount-spec.ts';
import { run as runProgram } from '../sys/process.ts';
import { RootedTree } from '../sys/rooted-tree.ts';
import { refuseUnsafeRoot } from './rootfs.ts';
import { startFailure } from './start-failure.ts';

/** Everything a runtime needs to run one container to its end; plain data, so that a worker can be handed it. */
export interface ForegroundPlan {
  readonly id: string;
  /** Where the bundle is made; its parent exists. Gone afterwards. */
  readonly bundle: string;
  readonly rootfs: MountSpec;
  /** How the image says it is run, and how this container differs. */
  readonly image: RunConfig;
  readonly options: Omit<ContainerOptions, 'user' | 'rootPath' | 'mounts'>;
  /** `user[:group]`, resolved inside the root once it is mounted; empty for root. */
  readonly user: string;
  /** Absolute path of runc. */
  readonly runtime: string;
  /** Where the runtime keeps its state. */
  readonly runtimeRoot: string;
  /** Contents of files laid over the image's, by their path in the container. */
  readonly files: Readonly<Record<string, string>>;
  /** `inherit` uses this process's own; `output` hands what is written to `onOutput`, with nothing to read. */
  readonly stdio: 'inherit' | 'output';
  /** With `inherit`: standard input is passed on; otherwise the container reads nothing. */
  readonly interactive: boolean;
  /** Signals that reach this process go to the container, as in `docker run`. */
  readonly forwardSignals: boolean;
}

export interface ForegroundOptions extends AbortOptions {
  readonly onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
}

const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/**
 * Runs a container and waits for its end; answers its exit code (128 and the signal's number for a kill). To be called in
 * a thread with a mount namespace of its own, so that the root's mount ends with it. An abort kills the container and
 * then rejects with the signal's reason. Throws ERR_CONTAINER_START with `details.exitCode` 125, 126 or 127.
 */
export async function runForeground(plan: ForegroundPlan, options: ForegroundOptions = {}): Promise<number> {
  const { signal } = options;
  signal?.throwIfAborted();
  const root = join(plan.bundle, 'rootfs');
  const log = join(plan.bundle, 'runtime.log');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    mountAt(plan.rootfs, root);
    writeBundle(plan, root);
    const exitCode = await started(plan, log, options);
    signal?.throwIfAborted();
    const failure = exitCode === 0 ? undefined : startFailure(readLog(log));
    if (failure) throw failure;
    return exitCode;
  } finally {
    unmountIfMounted(root, { lazy: true });
    rmSync(plan.bundle, { recursive: true, force: true });
  }
}

/** The runtime's document, made when the root is there: who the process runs as stands in the image's files. */
function writeBundle(plan: ForegroundPlan, root: string): void {
  refuseUnsafeRoot(root);
  using tree = RootedTree.open(root);
  const user = resolveUser(plan.user, readUserDatabases(tree));
  const mounts = Object.entries(plan.files).map(([destination, content]) => {
    const source = join(plan.bundle, basename(destination));
    writeFileSync(source, content, { mode: 0o644 });
    return { type: 'bind' as const, source, destination, readonly: false, recursive: false, isOwn: true };
  });
  const spec = createRuntimeSpec(plan.image, { ...plan.options, user, rootPath: root, mounts });
  writeFileSync(join(plan.bundle, 'config.json'), formatRuntimeDocument(spec));
}

async function started(plan: ForegroundPlan, log: string, { signal, onOutput }: ForegroundOptions): Promise<number> {
  const input = plan.stdio === 'inherit' && plan.interactive ? 'inherit' : 'ignore';
  const stdout = plan.stdio === 'inherit' ? 'inherit' : 'pipe';
  // In a session of its own the runtime gets only the signals we pass on; at a terminal it must stay in ours to read it.
  const detached = plan.options.terminal !== true && !(input === 'inherit' && process.stdin.isTTY);
  const args = [
    '--root',
    plan.runtimeRoot,
    '--log',
    log,
    '--log-format',
    'json',
    'run',
    '--bundle',
    plan.bundle,
    plan.id,
  ];
  const child = spawn(plan.runtime, args, { stdio: [input, stdout, 'pipe'], detached, env: {} });
  child.stdout?.on('data', (chunk: Buffer) => onOutput?.('stdout', chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    // What keeps the runtime from starting it says there, too, in its own words; the log has it first.
    if (startFailure(readLog(log))) return;
    if (plan.stdio === 'inherit') process.stderr.write(chunk);
    else onOutput?.('stderr', chunk);
  });
  const stopForwarding = plan.forwardSignals ? forwardSignals(child, detached) : undefined;
  const kill = (): void => {
    void killContainer(plan, child);
  };
  signal?.addEventListener('abort', kill, { once: true });
  try {
    return await exitOf(child);
  } finally {
    signal?.removeEventListener('abort', kill);
    stopForwarding?.();
  }
}

const exitOf = async (child: ChildProcess): Promise<number> =>
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    // The runtime itself ends by a signal only when somebody killed it.
    child.on('close', (code) => resolve(code ?? 137));
  });

function forwardSignals(child: ChildProcess, detached: boolean): () => void {
  const handlers = forwarded.map((name) => {
    // In our session the terminal sends its interrupts to the runtime, too: once is enough.
    const isTerminals = !detached && (name === 'SIGINT' || name === 'SIGQUIT' || name === 'SIGWINCH');
    const handler = (): void => {
      if (!isTerminals) child.kill(name);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
}

/** By the runtime, which knows the container's processes; when it cannot (not started yet), by its own end. */
async function killContainer(plan: ForegroundPlan, child: ChildProcess): Promise<void> {
  const { exitCode } = await runProgram(plan.runtime, ['--root', plan.runtimeRoot, 'kill', plan.id, 'KILL'], {});
  if (exitCode !== 0) child.kill('SIGKILL');
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-64 * 1024);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
