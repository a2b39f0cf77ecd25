import { spawn } from 'node:child_process';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { run, safeEnvironment } from '../sys/process.ts';

export interface PausedContainer extends AbortOptions {
  readonly id: string;
  /** Absolute path of runc. */
  readonly runtime: string;
  /** Where the runtime keeps its state. */
  readonly runtimeRoot: string;
}

/**
 * Freezes all processes of a running container until disposal, which lets them go on. One that does not run, or that
 * somebody has paused, is left as it is. Should this process be killed, the container goes on all the same: a small
 * program waits for its end. Throws ERR_CONTAINER_PAUSE.
 */
export async function pauseContainer(container: PausedContainer): Promise<AsyncDisposable> {
  const { id, runtime, runtimeRoot, signal } = container;
  if ((await statusOf(container)) !== 'running') return notPaused;
  const resume = resumeAtEnd(container);
  try {
    const paused = await run(runtime, ['--root', runtimeRoot, 'pause', id], { signal });
    if (paused.exitCode !== 0 && (await statusOf(container)) === 'running') {
      throw new StrataError({
        kind: 'failed-precondition',
        code: 'ERR_CONTAINER_PAUSE',
        message: `Cannot pause container ${id.slice(0, 12)}: ${paused.stderr.toString('utf8').trim().slice(-500)}`,
        hint: 'With --pause=false it is not paused; what it writes meanwhile may be left out or half there.',
      });
    }
    return resume;
  } catch (error) {
    await resume[Symbol.asyncDispose]();
    throw error;
  }
}

const notPaused: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

async function statusOf({ id, runtime, runtimeRoot }: PausedContainer): Promise<string | undefined> {
  const { exitCode, stdout } = await run(runtime, ['--root', runtimeRoot, 'state', id]);
  if (exitCode !== 0) return undefined;
  const { status } = JSON.parse(stdout.toString('utf8')) as { readonly status?: string };
  return status;
}

/** A process that resumes the container once its standard input ends: at disposal, or when this process is gone. */
function resumeAtEnd({ id, runtime, runtimeRoot }: PausedContainer): AsyncDisposable {
  const script = 'read -r end; exec "$0" --root "$1" resume "$2"';
  const child = spawn('/bin/sh', ['-c', script, runtime, runtimeRoot, id], {
    env: safeEnvironment,
    stdio: ['pipe', 'ignore', 'ignore'],
    // A signal for the terminal's whole group does not reach it.
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
