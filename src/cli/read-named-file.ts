import { type Stats, statSync } from 'node:fs';
import { isReadable } from '../sys/is-readable.ts';
import { openStream } from '../sys/open-stream.ts';
import { fileProblem } from './file-problem.ts';

// Far more than any list of variables or seccomp profile needs.
const maxBytes = 16 << 20;

/**
 * Reads the whole of a file named by the user, as for `--env-file`. It may be a pipe, as of `<(command)`. Throws
 * ERR_FILE_UNUSABLE, also for more than 16 MiB, and the signal's reason.
 */
export async function readNamedFile(path: string, signal: AbortSignal): Promise<Uint8Array> {
  refuseOthers(path);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of openStream(path, signal).stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw fileProblem('read', path, error);
  }
  return Buffer.concat(chunks);
}

function refuseOthers(path: string): void {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    throw fileProblem('open', path, error);
  }
  if (stat.isDirectory()) throw fileProblem('read', path, new Error('is a directory'));
  if (!isReadable(stat))
    throw fileProblem('read', path, new Error('not a file'), 'Give the path of a regular file or a pipe.');
}
