import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { AbortOptions } from '../../lib/abort.ts';
import { ownTurn } from '../../lib/own-turn.ts';
import { FileNews } from '../../sys/file-news.ts';
import { ifThere } from '../../sys/if-there.ts';

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
  /**
   * Goes on until this resolves, and then reads what was written before. Without it only what is there at the beginning is
   * read: a container may write faster.
   */
  readonly end?: Promise<unknown> | undefined;
}

/**
 * What the log at `path` holds, in order and several pieces at a time; nothing when there is none. A torn last line and lines of another form are left
 * out. A log that its supervisor begins anew, or that somebody empties, is read from its new beginning; one that is
 * removed is read to its end.
 */
export async function* readLog(path: string, options: ReadLogOptions = {}): AsyncGenerator<readonly LogEntry[]> {
  let { tail } = options;
  for (;;) {
    const fd = ifThere(() => openSync(path, 'r'));
    if (fd === undefined) return;
    try {
      // From here on nothing is missed.
      using news = options.end === undefined ? undefined : new FileNews(path);
      if ((yield* entriesOf(fd, path, { ...options, tail, news })) === 'ended') return;
    } finally {
      closeSync(fd);
    }
    // All of what comes in its place is new.
    tail = undefined;
  }
}

interface Reading extends ReadLogOptions {
  readonly news: FileNews | undefined;
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
    news?.tell();
  };
  end?.then(onEnd, onEnd);
  let offset = tail === undefined ? 0 : startOfLast(fd, tail, size);
  let rest: Buffer = Buffer.alloc(0);
  let isLast = false;
  let hasSuccessor = false;
  for (;;) {
    // Reading never waits: without a turn of its own nobody could abort what writes as fast as we read.
    await ownTurn();
    signal?.throwIfAborted();
    const length = readSync(fd, buffer, 0, Math.min(readBytes, limit - offset), offset);
    if (length === 0) {
      if (hasSuccessor) return 'replaced';
      if (news === undefined || isLast) return 'ended';
      if (fstatSync(fd).size < offset) return 'replaced';
      // What was written before the end is still to be read, in this file or in the one that took its place.
      isLast = hasEnded;
      hasSuccessor = isReplaced(fd, path);
      // More may have been written to this one before.
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

/** Where the last `count` lines of the container begin; one that has not ended counts, pieces of a line do not. */
function startOfLast(fd: number, count: number, size: number): number {
  const buffer = Buffer.allocUnsafe(readBytes);
  let found = 0;
  // Where the last entry ends, and where the one looked at does; what is torn behind it is none.
  let last: number | undefined;
  let next = 0;
  const isBeyond = (at: number): boolean => (next === last || endsLine(fd, at)) && found++ === count;
  for (let end = size; end > 0; ) {
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

/**
 * One line, its line feed included: `TIME stdout|stderr F|P CONTENT`; `P` means that the line feed is not the container's.
 * There may be millions: nothing is decoded but the time.
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

/** The first space; -1 where there is none. The time is short, so that a call into Node would cost more. */
function spaceIn(log: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (log[at] === space) return at;
  return -1;
}
