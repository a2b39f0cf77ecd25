import { spawn } from 'node:child_process';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { programFailed, safeEnvironment } from '../sys/run-program.ts';
import { globalArguments, type RuntimeLocation, runtimeStatus } from './runtime/runtime-commands.ts';

export interface PauseOptions extends AbortOptions {
  /** A lock that is held until the container is resumed, also when this process is killed. */
  readonly lockFd?: number;
}

/**
 * Freezes all processes of a running container until disposal, which resumes them. A container that does not run, or is
 * paused already, is left as it is. When this process is killed at any moment, the container is resumed all the same: a
 * small program freezes it and waits for the end of this process. Throws ERR_CONTAINER_PAUSE.
 */
export async function pauseContainer(
  location: RuntimeLocation,
  id: string,
  { signal, lockFd }: PauseOptions = {},
): Promise<AsyncDisposable> {
  if ((await runtimeStatus(location, id)) !== 'running') return notPaused;
  signal?.throwIfAborted();
  const pauser = new Pauser(location, id, lockFd);
  const failure = await pauser.failure;
  if (failure === undefined && signal?.aborted !== true) return pauser;
  await pauser[Symbol.asyncDispose]();
  signal?.throwIfAborted();
  // The container has ended meanwhile.
  if ((await runtimeStatus(location, id)) !== 'running') return notPaused;
  throw new StrataError({
    code: 'ERR_CONTAINER_PAUSE',
    message: `Cannot pause container ${id.slice(0, 12)}: ${failure?.message}`,
    hint: 'Commit it without a pause; files that it writes meanwhile may be missing or incomplete.',
    cause: failure,
  });
}

const notPaused: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

// Pause and resume run one after the other in one process: otherwise a runtime that outlives us would freeze the
// container after it was resumed.
const script = `trap '' PIPE
"$@" pause "$0" </dev/null
echo $?
read -r end
exec "$@" resume "$0" </dev/null >/dev/null 2>&1`;

const maxComplaintBytes = 64 << 10;

/**
 * A process that freezes the container and resumes it once its standard input ends: at disposal, or when this process
 * has ended.
 */
class Pauser implements AsyncDisposable {
  /** Resolves to undefined once the container is frozen; otherwise the process has ended. */
  readonly failure: Promise<StrataError | undefined>;
  readonly #ended: Promise<void>;
  readonly #release: () => void;

  constructor(location: RuntimeLocation, id: string, lockFd: number | undefined) {
    const child = spawn('/bin/sh', ['-c', script, id, location.runtime, ...globalArguments(location)], {
      env: safeEnvironment,
      stdio: ['pipe', 'pipe', 'pipe', lockFd ?? 'ignore'],
      // Keeps signals for the terminal's whole group away.
      detached: true,
    });
    const [stdin, stdout, stderr] = child.stdio;
    let complaint = Buffer.alloc(0);
    this.#ended = new Promise<void>((resolve) => {
      child.once('error', ({ message }) => {
        complaint = Buffer.from(message);
        resolve();
      });
      child.once('close', () => resolve());
    });
    this.#release = () => stdin?.end();
    stdin?.on('error', () => undefined);
    stderr?.on('data', (chunk: Buffer) => {
      complaint = Buffer.concat([complaint, chunk]).subarray(0, maxComplaintBytes);
    });
    const exitLine = new Promise<string>((resolve) => {
      let text = '';
      stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('\n')) resolve(text);
      });
      void this.#ended.then(() => resolve(text));
    });
    this.failure = exitLine.then(async (text) => {
      const exitCode = text === '' ? null : Number(text);
      if (exitCode === 0) return undefined;
      // The runtime's stderr may arrive after the exit code, which is written after it.
      await this[Symbol.asyncDispose]();
      return programFailed(location.runtime, { exitCode, signal: null, stderr: complaint });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    await this.#ended;
  }
}
