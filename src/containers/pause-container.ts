import { spawn } from 'node:child_process';
import { isStrataError, StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { safeEnvironment } from '../sys/process.ts';
import { freeze, type RuntimePlace, runtimeStatus } from './runtime/runtime-commands.ts';

export interface PauseOptions extends AbortOptions {
  /** A lock that lasts until the container goes on, also when this process is killed. */
  readonly lockFd?: number;
}

/**
 * Freezes all processes of a running container until disposal, which lets them go on. One that does not run, or that
 * somebody has paused, is left as it is. Should this process be killed, the container goes on all the same: a small
 * program waits for its end. Throws ERR_CONTAINER_PAUSE.
 */
export async function pauseContainer(
  place: RuntimePlace,
  id: string,
  options: PauseOptions = {},
): Promise<AsyncDisposable> {
  if ((await runtimeStatus(place, id)) !== 'running') return notPaused;
  const resume = resumeAtEnd(place, id, options.lockFd);
  try {
    await freeze(place, id, 'pause', options);
    return resume;
  } catch (error) {
    await resume[Symbol.asyncDispose]();
    if (!isStrataError(error, 'ERR_PROGRAM_FAILED')) throw error;
    // It has ended in the meantime.
    if ((await runtimeStatus(place, id)) !== 'running') return notPaused;
    throw new StrataError({
      kind: 'failed-precondition',
      code: 'ERR_CONTAINER_PAUSE',
      message: `Cannot pause container ${id.slice(0, 12)}: ${error.message}`,
      hint: 'With --pause=false it is not paused; what it writes meanwhile may be left out or half there.',
      cause: error,
    });
  }
}

const notPaused: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

/** A process that resumes the container once its standard input ends: at disposal, or when this process is gone. */
function resumeAtEnd({ runtime, runtimeRoot }: RuntimePlace, id: string, lockFd: number | undefined): AsyncDisposable {
  const script = 'read -r end; exec "$0" --root "$1" resume "$2"';
  const child = spawn('/bin/sh', ['-c', script, runtime, runtimeRoot, id], {
    env: safeEnvironment,
    stdio: ['pipe', 'ignore', 'ignore', lockFd ?? 'ignore'],
    // A signal for the terminal's whole group does not reach it.
    detached: true,
  });
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}
