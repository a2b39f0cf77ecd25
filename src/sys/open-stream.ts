import { constants, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

export interface OpenedStream {
  readonly stat: Stats;
  /** Ends as it should, with the file's failure, or with an AbortError when it was told to stop. */
  readonly stream: Readable;
}

const readBytes = 1 << 20;

/**
 * The bytes of a file of whatever kind. Somebody has to write into a fifo or type at a terminal, and may never do so:
 * both are polled. Node reads other files in threads, and neither calls such a thread back nor ends while one waits.
 * Throws what open(2) throws.
 */
export function openStream(path: string, signal: AbortSignal): OpenedStream {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const stat = fstatSync(fd);
  return { stat, stream: addAbortSignal(signal, streamOf(fd, stat)) };
}

function streamOf(fd: number, stat: Stats): Readable {
  if (stat.isFIFO()) return new Socket({ fd, readable: true, writable: false });
  if (isatty(fd)) return new ReadStream(fd);
  return createReadStream('', { fd, highWaterMark: readBytes });
}
