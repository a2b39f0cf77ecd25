import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { openIfThere } from '../../sys/open-if-there.ts';
import { pause } from '../../sys/pause.ts';

/** A piece of what a container wrote, at most one line. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the supervisor wrote it. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its line feed, unless the container wrote none. */
  readonly bytes: Buffer;
  /** The line goes on in the next piece of that stream. */
  readonly goesOn: boolean;
}

const lineFeed = 0x0a;
const space = 0x20;
const readBytes = 64 << 10;
// The supervisor splits what is longer than its own buffer; anything beyond this is no log of ours.
const maxLineBytes = 1 << 20;

export interface ReadLogOptions extends AbortOptions {
  /** Only so many of the last lines that are there at the beginning. */
  readonly tail?: number | undefined;
  /** At the end, whether more is to come; without it nothing is waited for. */
  readonly goesOn?: (() => Promise<boolean>) | undefined;
}

/**
 * What the log at `path` holds, in order; nothing when there is none. A torn last line and lines of another form are left
 * out. A log that its supervisor begins anew, or that somebody empties, is read from its new beginning; one that is
 * removed is read to its end.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<LogEntry> {
  let { tail } = options;
  for (;;) {
    const fd = openIfThere(path);
    if (fd === undefined) return;
    try {
      if ((yield* entriesOf(fd, path, { ...options, tail })) === 'ended') return;
    } finally {
      closeSync(fd);
    }
    // All of what comes in its place is new.
    tail = undefined;
  }
}

const pauseMs = 50;

async function* entriesOf(
  fd: number,
  path: string,
  { signal, tail, goesOn }: ReadLogOptions,
): AsyncGenerator<LogEntry, 'ended' | 'replaced'> {
  const buffer = Buffer.allocUnsafe(readBytes);
  let offset = tail === undefined ? 0 : startOfLast(fd, tail);
  let rest: Buffer = Buffer.alloc(0);
  let isLast = false;
  let hasSuccessor = false;
  for (;;) {
    // Reading never waits: without a turn of its own nobody could abort what writes as fast as we read.
    await setImmediate();
    signal?.throwIfAborted();
    const length = readSync(fd, buffer, 0, readBytes, offset);
    if (length === 0) {
      if (hasSuccessor) return 'replaced';
      if (goesOn === undefined || isLast) return 'ended';
      if (fstatSync(fd).size < offset) return 'replaced';
      // What was written before the end is still to be read, in this file or in the one that took its place.
      isLast = !(await goesOn());
      hasSuccessor = isReplaced(fd, path);
      // More may have been written to this one before.
      if (!isLast && !hasSuccessor) await pause(pauseMs, { signal });
      continue;
    }
    offset += length;
    const bytes = Buffer.concat([rest, buffer.subarray(0, length)]);
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      const entry = parseLogLine(bytes.subarray(start, end + 1));
      start = end + 1;
      if (entry !== undefined) yield entry;
    }
    rest = bytes.length - start > maxLineBytes ? Buffer.alloc(0) : bytes.subarray(start);
  }
}

function isReplaced(fd: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(fd).ino;
}

/** Where the last `count` lines of the container begin; one that has not ended counts, pieces of a line do not. */
function startOfLast(fd: number, count: number): number {
  const buffer = Buffer.allocUnsafe(readBytes);
  let found = 0;
  // Where the last entry ends, and where the one looked at does; what is torn behind it is none.
  let last: number | undefined;
  let next = 0;
  const isBeyond = (at: number): boolean => (next === last || endsLine(fd, at)) && found++ === count;
  for (let end = fstatSync(fd).size; end > 0; ) {
    const start = Math.max(end - readBytes, 0);
    const length = readSync(fd, buffer, 0, end - start, start);
    for (let at = buffer.lastIndexOf(lineFeed, length - 1); at >= 0 && at < length; ) {
      const entry = start + at + 1;
      if (last === undefined) last = entry;
      else if (isBeyond(entry)) return next;
      next = entry;
      if (at === 0) break;
      at = buffer.lastIndexOf(lineFeed, at - 1);
    }
    end = start;
  }
  return last !== undefined && isBeyond(0) ? next : 0;
}

const headBytes = 64;

function endsLine(fd: number, at: number): boolean {
  const head = Buffer.alloc(headBytes);
  const length = readSync(fd, head, 0, headBytes, at);
  return !/^\S+ \S+ P /.test(head.toString('latin1', 0, length));
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
  const bytes = line.subarray(afterTag + 1, end);
  return { time: line.toString('latin1', 0, afterTime), stream, bytes, goesOn: tag === 'P' };
}
