import { type Stats, statSync } from 'node:fs';
import { openStream } from '../sys/open-stream.ts';
import { fileProblem } from './file-problem.ts';

// Far beyond what any list of variables or seccomp profile needs.
const maxBytes = 16 << 20;

/**
 * What a file holds that the user named and that is read whole, as for `--env-file`. It may be a pipe (`<(command)`), a
 * terminal or `/dev/null`; nothing else that is no file is opened. Throws ERR_FILE_UNUSABLE, also for more than 16 MiB, and
 * the signal's reason.
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
  if (stat.isFile() || stat.isFIFO() || (stat.isCharacterDevice() && endsByItself(stat))) return;
  throw fileProblem('read', path, new Error('not a file'));
}

// To open another device may already do something: a watchdog begins to count.
const nullDevice = 0x103;
const terminalMajors = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143];

const endsByItself = ({ rdev }: Stats): boolean => rdev === nullDevice || terminalMajors.includes((rdev >> 8) & 0xfff);
