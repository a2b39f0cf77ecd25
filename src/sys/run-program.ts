import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';

export interface ProgramOptions extends AbortOptions {
  /** The whole environment; only PATH and LC_ALL=C are added. The caller's own is never inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to standard input, which is empty otherwise. */
  readonly input?: Uint8Array | string;
  /** Descriptors the child gets as 3, 4, …; no other that we opened reaches it. */
  readonly fds?: readonly number[];
  /** From SIGTERM, sent when `signal` aborts, to SIGKILL; 2000 ms. */
  readonly graceMs?: number;
  /** How much of each output stream is kept; 1 MiB. The rest is read and dropped. */
  readonly captureBytes?: number;
}

export interface ProgramResult {
  /** Null when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Something beyond `captureBytes` was dropped. */
  readonly truncated: boolean;
}

/** What a program of the host needs of an environment, and no more. */
export const safeEnvironment: { readonly [name: string]: string } = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/**
 * Runs a program, given by absolute path, to its end and answers how it ended. When `signal` aborts, the program gets
 * SIGTERM, then SIGKILL, and this rejects with the signal's reason once it is gone: no process outlives the call.
 * Throws `ERR_PROGRAM_NOT_STARTED`.
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
  const stop = (): void => end(child, options.graceMs ?? 2000);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const how = await ended;
    options.signal?.throwIfAborted();
    return { ...how, stdout: stdout.bytes, stderr: stderr.bytes, truncated: stdout.truncated || stderr.truncated };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

/** {@link run} for a program that must succeed: throws `ERR_PROGRAM_FAILED` with the end of what it complained. */
export async function runChecked(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const result = await runProgram(file, args, options);
  if (result.exitCode === 0) return result;
  throw programFailed(file, result);
}

/** What {@link runChecked} throws for a result, for callers that look at the result themselves first. */
export function programFailed(
  file: string,
  result: Pick<ProgramResult, 'exitCode' | 'signal' | 'stderr'>,
): StrataError {
  const complaint = result.stderr.toString('utf8').trim().slice(-2000);
  const how = result.signal === null ? `exit code ${result.exitCode}` : `ended by ${result.signal}`;
  return new StrataError({
    code: 'ERR_PROGRAM_FAILED',
    message: `program ${file}: ${how}${complaint === '' ? '' : `: ${complaint}`}`,
    details: { exitCode: result.exitCode, signal: result.signal },
  });
}

class Capture {
  readonly #chunks: Buffer[] = [];
  #room: number;
  truncated = false;

  constructor(stream: Readable | null, limit: number) {
    this.#room = limit;
    stream?.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    if (chunk.length > this.#room) this.truncated = true;
    const kept = chunk.subarray(0, this.#room);
    this.#room -= kept.length;
    if (kept.length > 0) this.#chunks.push(kept);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function feed(child: ChildProcess, input: Uint8Array | string | undefined): void {
  if (input === undefined) return;
  // A program need not read all it is given.
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
          hint: 'See whether it is installed and may be executed.',
          cause,
        }),
      );
    });
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal });
    });
  });
}

function end(child: ChildProcess, graceMs: number): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  child.once('exit', () => {
    clearTimeout(timer);
    // A grandchild may hold the pipes open; nobody waits for what it says.
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}
