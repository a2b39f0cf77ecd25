import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { AbortOptions } from '../../lib/abort.ts';
import { yieldToEventLoop } from '../../lib/yield-to-event-loop.ts';
import { FileChanges } from '../../sys/file-changes.ts';
import { ifThere } from '../../sys/if-there.ts';

/** A chunk of a container's output, at most one line. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the supervisor wrote it. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its line feed, unless the container wrote none. */
  readonly bytes: Buffer;
  /** True when the line continues in the next chunk of that stream. */
  readonly goesOn: boolean;
}

const lineFeed = 0x0a;
const space = 0x20;
const readBytes = 64 << 10;
// The supervisor splits lines longer than its own buffer; a line above this size is not its own.
const maxLineBytes = 1 << 20;

export interface ReadLogOptions extends AbortOptions {
  /** Number of last lines to begin with, of those that exist at the beginning. */
  readonly tail?: number | undefined;
  /**
   * Follows the log until this resolves, and then reads everything written before. Without it only the content that
   * exists at the beginning is read: a container may write faster.
   */
  readonly end?: Promise<unknown> | undefined;
}

/**
 * Yields the log at `path` in order, several chunks at a time; nothing when it does not exist. An incomplete last line
 * and lines of another form are left out. A log that its supervisor begins anew, or that is truncated, is read from its
 * new beginning; one that is removed is read to its end.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<readonly LogEntry[]> {
  let { tail } = options;
  for (;;) {
    const fd = ifThere(() => openSync(path, 'r'));
    if (fd === undefined) return;
    try {
      // From here on no change is missed.
      using news = options.end === undefined ? undefined : new FileChanges(path);
      if ((yield* entriesOf(fd, path, { ...options, tail, news })) === 'ended') return;
    } finally {
      closeSync(fd);
    }
    // Its successor is new in full.
    tail = undefined;
  }
}

interface Reading extends ReadLogOptions {
  readonly news: FileChanges | undefined;
}

async function* entriesOf(
  fd: number,
  path: string,
  { signal, tail, end, news }: Reading,
): AsyncGenerator<readonly LogEntry[], 'ended' | 'replaced'> {
  const buffer = Buffer.allocUnsafe(readBytes);
  const { size } = fstatSync(fd);
  const limit = news === undefined ? size : Number.POSITIVE_INFINITY;
  let hasEnded = false;
  const onEnd = (): void => {
    hasEnded = true;
    news?.notify();
  };
  end?.then(onEnd, onEnd);
  let offset = tail === undefined ? 0 : startOfLast(fd, tail, size);
  let rest: Buffer = Buffer.alloc(0);
  let isLast = false;
  let hasSuccessor = false;
  for (;;) {
    // Reads never wait. Without a turn of the event loop, no abort could reach us while the container writes as fast as
    // we read.
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const length = readSync(fd, buffer, 0, Math.min(readBytes, limit - offset), offset);
    if (length === 0) {
      if (hasSuccessor) return 'replaced';
      if (news === undefined || isLast) return 'ended';
      if (fstatSync(fd).size < offset) return 'replaced';
      // Output written before the end remains to be read, in this file or in its successor.
      isLast = hasEnded;
      hasSuccessor = isReplaced(fd, path);
      // More may have been written to this file before it was replaced.
      if (!isLast && !hasSuccessor) await news.next({ signal });
      continue;
    }
    offset += length;
    const bytes = Buffer.concat([rest, buffer.subarray(0, length)]);
    const entries: LogEntry[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      const entry = parseLogLine(bytes, start, end + 1);
      start = end + 1;
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length > 0) yield entries;
    rest = bytes.length - start > maxLineBytes ? Buffer.alloc(0) : bytes.subarray(start);
  }
}

function isReplaced(fd: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(fd).ino;
}

/**
 * Returns the offset at which the last `count` lines of the container begin. An unfinished line counts, chunks of a
 * line do not.
 */
function startOfLast(fd: number, count: number, size: number): number {
  const buffer = Buffer.allocUnsafe(readBytes);
  let found = 0;
  // Offsets of the end of the last entry and of the current one; an incomplete line after the last is ignored.
  let last: number | undefined;
  let next = 0;
  const isComplete = (at: number): boolean => (next === last || endsLine(fd, at)) && found++ === count;
  for (let end = size; end > 0; ) {
    const start = Math.max(end - readBytes, 0);
    const length = readSync(fd, buffer, 0, end - start, start);
    for (let at = buffer.lastIndexOf(lineFeed, length - 1); at >= 0 && at < length; ) {
      const entry = start + at + 1;
      if (last === undefined) last = entry;
      else if (isComplete(entry)) return next;
      next = entry;
      if (at === 0) break;
      at = buffer.lastIndexOf(lineFeed, at - 1);
    }
    end = start;
  }
  return last !== undefined && isComplete(0) ? next : 0;
}

const headBytes = 64;

function endsLine(fd: number, at: number): boolean {
  const head = Buffer.alloc(headBytes);
  const length = readSync(fd, head, 0, headBytes, at);
  return !/^\S+ \S+ P /.test(head.toString('latin1', 0, length));
}

/**
 * Parses one line with its line feed: `TIME stdout|stderr F|P CONTENT`; `P` means that the line feed is not the
 * container's. There may be millions of lines: only the time is decoded.
 */
function parseLogLine(log: Buffer, start: number, end: number): LogEntry | undefined {
  const stream = spaceIn(log, start, end) + 1;
  const tag = stream + streamBytes + 1;
  if (stream === 0 || log[tag - 1] !== space || log[tag + 1] !== space) return undefined;
  const name = log[stream + 3] === letterO ? 'stdout' : 'stderr';
  const goesOn = log[tag] === letterP;
  if ((!goesOn && log[tag] !== letterF) || log.toString('latin1', stream, stream + streamBytes) !== name)
    return undefined;
  return {
    time: log.toString('latin1', start, stream - 1),
    stream: name,
    bytes: log.subarray(tag + 2, goesOn ? end - 1 : end),
    goesOn,
  };
}

const streamBytes = 'stdout'.length;
const [letterO, letterP, letterF] = [0x6f, 0x50, 0x46];

/**
 * Returns the offset of the first space; -1 without one. The time is short, so that a call into Node would cost more.
 */
function spaceIn(log: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (log[at] === space) return at;
  return -1;
}
