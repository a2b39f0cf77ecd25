import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';

export interface ProgramOptions extends AbortOptions {
  /** Whole environment; only PATH and LC_ALL=C are added. The caller's environment is never inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text for standard input, which is empty by default. */
  readonly input?: Uint8Array | string;
  /** Descriptors that the child gets as 3, 4, …. It inherits no other descriptor that we opened. */
  readonly fds?: readonly number[];
  /** Time from SIGTERM, sent when `signal` aborts, to SIGKILL; default 2000 ms. */
  readonly graceMs?: number;
  /** Largest number of bytes kept of each output stream; default 1 MiB. The rest is read and dropped. */
  readonly captureBytes?: number;
}

export interface ProgramResult {
  /** Exit code; null when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** True when output was longer than `captureBytes` and was cut. */
  readonly truncated: boolean;
}

/** Minimal environment for a program of the host. */
export const safeEnvironment: { readonly [name: string]: string } = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/**
 * Runs a program, given by absolute path, to its end. When `signal` aborts, the program gets SIGTERM, then SIGKILL, and this
 * rejects with the signal's reason once it has ended: no process outlives the call. A failed program is no error here.
 * @throws ERR_PROGRAM_NOT_STARTED
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  options.signal?.throwIfAborted();
  const child = spawn(file, args, {
    env: { ...safeEnvironment, ...options.env },
    cwd: options.cwd,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(options.fds ?? [])],
  });
  const captureBytes = options.captureBytes ?? 1024 * 1024;
  const stdout = new Capture(child.stdout, captureBytes);
  const stderr = new Capture(child.stderr, captureBytes);
  feed(child, options.input);
  const ended = waitForEnd(file, child);
  const stop = (): void => endProcess(child, options.graceMs ?? 2000);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const exit = await ended;
    options.signal?.throwIfAborted();
    return { ...exit, stdout: stdout.bytes, stderr: stderr.bytes, truncated: stdout.truncated || stderr.truncated };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

/**
 * Runs a program that must succeed.
 * @throws ERR_PROGRAM_FAILED with the end of its standard error, ERR_PROGRAM_NOT_STARTED
 */
export async function runChecked(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const result = await runProgram(file, args, options);
  if (result.exitCode === 0) return result;
  throw programFailed(file, result);
}

/** Returns the error that {@link runChecked} throws for a result, for callers that check the result themselves. */
export function programFailed(
  file: string,
  result: Pick<ProgramResult, 'exitCode' | 'signal' | 'stderr'>,
): StrataError {
  const complaint = result.stderr.toString('utf8').trim().slice(-2000);
  const end = result.signal === null ? `exit code ${result.exitCode}` : `ended by ${result.signal}`;
  return new StrataError({
    code: 'ERR_PROGRAM_FAILED',
    message: `program ${file}: ${end}${complaint === '' ? '' : `: ${complaint}`}`,
    hint:
      complaint === ''
        ? 'Run the program by hand to find out why it fails.'
        : "Fix the cause that the program's message names, then try again.",
    details: { exitCode: result.exitCode, signal: result.signal },
  });
}

class Capture {
  readonly #chunks: Buffer[] = [];
  #bytesLeft: number;
  truncated = false;

  constructor(stream: Readable | null, limit: number) {
    this.#bytesLeft = limit;
    stream?.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    if (chunk.length > this.#bytesLeft) this.truncated = true;
    const kept = chunk.subarray(0, this.#bytesLeft);
    this.#bytesLeft -= kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function feed(child: ChildProcess, input: Uint8Array | string | undefined): void {
  if (input === undefined) return;
  // A program need not read all its input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
}

async function waitForEnd(file: string, child: ChildProcess): Promise<Pick<ProgramResult, 'exitCode' | 'signal'>> {
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      if (child.pid !== undefined) return;
      reject(
        new StrataError({
          code: 'ERR_PROGRAM_NOT_STARTED',
          message: `program ${file}: cannot be started`,
          hint: 'Check that it is installed and may be executed.',
          cause,
        }),
      );
    });
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
}

function endProcess(child: ChildProcess, graceMs: number): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.once('exit', () => {
    clearTimeout(timer);
    // A grandchild may hold the pipes open; its output is not awaited.
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}
