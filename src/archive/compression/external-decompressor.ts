import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { corruptData } from './failures.ts';
import type { SourceReader } from './source-reader.ts';

/** Program that decompresses standard input to standard output. */
export interface ExternalDecompressor {
  readonly format: 'xz' | 'bzip2';
  /** Absolute path on the host: an image must never choose the program (CVE-2019-14271, CVE-2026-41567). */
  readonly path: string;
  readonly args: readonly string[];
  /** Debian package of the program. */
  readonly aptPackage: string;
}

// Enough for the dictionary of 64 MiB that `xz -9` uses; the format allows 4 GiB.
const xzMemory = '192MiB';
const maxComplaintBytes = 2048;

export const externalDecompressors: { readonly [Format in 'xz' | 'bzip2']: ExternalDecompressor } = {
  xz: {
    format: 'xz',
    path: '/usr/bin/xz',
    args: ['--decompress', '--stdout', '--format=xz', '--threads=1', `--memlimit-decompress=${xzMemory}`, '-'],
    aptPackage: 'xz-utils',
  },
  bzip2: { format: 'bzip2', path: '/usr/bin/bzip2', args: ['-dc'], aptPackage: 'bzip2' },
};

type ToolExit = { readonly status: number | string; readonly complaint: string };

function exitOf(tool: ExternalDecompressor, child: ChildProcessWithoutNullStreams): Promise<ToolExit> {
  let complaint = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, maxComplaintBytes);
  });
  const { promise, resolve, reject } = Promise.withResolvers<ToolExit>();
  child.once('error', (cause: NodeJS.ErrnoException) => reject(cause.code === 'ENOENT' ? missing(tool, cause) : cause));
  child.once('close', (status, signal) => resolve({ status: status ?? signal ?? '', complaint: complaint.trim() }));
  promise.catch(() => {});
  return promise;
}

function missing(tool: ExternalDecompressor, cause: unknown): StrataError {
  return new StrataError({
    code: 'ERR_COMPRESSION_TOOL_MISSING',
    message: `${tool.format} data: ${tool.path} is not installed`,
    hint: `Install it: apt-get install ${tool.aptPackage}.`,
    cause,
  });
}

function refusal(tool: ExternalDecompressor, { status, complaint }: ToolExit): StrataError | undefined {
  // bzip2 accepts garbage after the last stream, but warns.
  if (status === 0 && !complaint.includes('trailing garbage')) return undefined;
  if (complaint.includes('Memory usage limit reached')) {
    return new StrataError({
      code: 'ERR_COMPRESSION_WINDOW',
      message: `xz data: needs more than ${xzMemory} of memory`,
      hint: 'Compress it again with a smaller dictionary: xz -9 or less.',
    });
  }
  return corruptData(tool.format, `${tool.path} ended with ${status}: ${complaint || 'no message'}`);
}

// A program that gives up closes its input (EPIPE); its exit status and its message have the reason.
async function feed(stdin: Writable, reader: SourceReader): Promise<void> {
  stdin.on('error', () => {});
  for (let chunk = await reader.next(); chunk && !stdin.destroyed; chunk = await reader.next()) {
    const written = chunk;
    await new Promise<void>((resolve) => stdin.write(written, () => resolve()));
  }
  stdin.end();
}

/**
 * Decompresses through a program with an empty environment, which has exited when the iteration ends. Disposes of `reader`.
 * @throws ERR_COMPRESSION_TOOL_MISSING, ERR_COMPRESSION_CORRUPT with the program's message, ERR_COMPRESSION_WINDOW
 */
export async function* decompressExternally(
  tool: ExternalDecompressor,
  reader: SourceReader,
  options: AbortOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const child = spawn(tool.path, tool.args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = exitOf(tool, child);
  const kill = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill);
  let failure: { readonly reason: unknown } | undefined;
  const feeding = feed(child.stdin, reader).catch((reason: unknown) => {
    failure = { reason };
    kill();
  });
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const ended = await exit;
    options.signal?.throwIfAborted();
    // A failure of the source comes first: the program's complaint only follows from it.
    if (failure) throw failure.reason;
    const refused = refusal(tool, ended);
    if (refused) throw refused;
    await feeding;
  } finally {
    options.signal?.removeEventListener('abort', kill);
    kill();
    await reader[Symbol.asyncDispose]();
    await feeding;
    await exit.catch(() => {});
  }
}
