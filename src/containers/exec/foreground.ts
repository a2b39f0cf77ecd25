import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { AbortOptions } from '../../lib/abort.ts';
import { closeInheritedOnExec } from '../../sys/close-inherited-on-exec.ts';
import { safeEnvironment } from '../../sys/run-program.ts';
import { OutputFlow } from '../foreground/output-flow.ts';
import { readPid, readRuntimeLog } from '../runtime/bundle.ts';
import { globalArguments, type RuntimeLocation } from '../runtime/runtime-commands.ts';
import { execFailure } from './failure.ts';
import type { ExecFolder } from './folder.ts';

export interface ForegroundExecOptions extends AbortOptions {
  /** True passes standard input on; otherwise the process has none. */
  readonly interactive: boolean;
}

/**
 * Runs a process in a container with this process's own streams and no supervisor; returns its exit code (128 and the
 * signal's number for a kill). The runtime copies bytes: no descriptor of ours gets into the container. An abort
 * rejects with the signal's reason and leaves the process running, as docker does. Throws ERR_EXEC.
 */
export async function execInForeground(
  location: RuntimeLocation,
  containerId: string,
  folder: ExecFolder,
  { interactive, signal }: ForegroundExecOptions,
): Promise<number> {
  signal?.throwIfAborted();
  const { pid, log } = folder.files;
  const args = [...globalArguments(location), '--log', log, '--log-format', 'json', 'exec'];
  args.push('--process', folder.process, '--pid-file', pid, containerId);
  closeInheritedOnExec();
  const child = spawn(location.runtime, args, {
    env: safeEnvironment,
    // In its own session, because keys that interrupt us would reach the process, too.
    detached: !(interactive && process.stdin.isTTY),
    stdio: [interactive ? 'inherit' : 'ignore', 'inherit', 'pipe', folder.lockFd],
  });
  const hasStarted = (): boolean => readPid(pid) !== undefined;
  const flow = new OutputFlow(child, { hasStarted, onOutput: undefined });
  const detach = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', detach, { once: true });
  try {
    const { code, killedBy } = await endOf(child);
    signal?.throwIfAborted();
    if (killedBy !== null) return 128 + constants.signals[killedBy];
    if (code !== 0 && !hasStarted()) throw execFailure(readRuntimeLog(folder.files), flow.held.toString('utf8'));
    flow.release();
    return code ?? 0;
  } finally {
    signal?.removeEventListener('abort', detach);
  }
}

const endOf = async (
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly killedBy: NodeJS.Signals | null }> =>
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => resolve({ code, killedBy }));
  });
