import { createReadStream } from 'node:fs';
import type { AbortOptions } from '../lib/abort.ts';
import { errnoOf } from '../sys/errno.ts';

/** A piece of what a container wrote, at most one line. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the supervisor wrote it. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its line feed, unless the container wrote none. */
  readonly bytes: Buffer;
}

const lineFeed = 0x0a;
const space = 0x20;
// The supervisor splits what is longer than its own buffer; anything beyond this is no log of ours.
const maxLineBytes = 1 << 20;

/** What the log at `path` holds, in order; nothing when there is none. A torn last line and lines of another form are left out. */
export async function* readLog(path: string, { signal }: AbortOptions = {}): AsyncGenerator<LogEntry> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path, signal ? { signal } : {}) as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
        const entry = parseLogLine(bytes.subarray(start, end + 1));
        start = end + 1;
        if (entry !== undefined) yield entry;
      }
      rest = bytes.length - start > maxLineBytes ? Buffer.alloc(0) : bytes.subarray(start);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** One line, its line feed included: `TIME stdout|stderr F|P CONTENT`; `P` means that the line feed is not the container's. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(space);
  const afterStream = line.indexOf(space, afterTime + 1);
  const afterTag = line.indexOf(space, afterStream + 1);
  if (afterTime < 0 || afterStream < 0 || afterTag < 0) return undefined;
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  const tag = line.toString('latin1', afterStream + 1, afterTag);
  if ((stream !== 'stdout' && stream !== 'stderr') || (tag !== 'F' && tag !== 'P')) return undefined;
  const end = tag === 'F' ? line.length : line.length - 1;
  return { time: line.toString('latin1', 0, afterTime), stream, bytes: line.subarray(afterTag + 1, end) };
}
