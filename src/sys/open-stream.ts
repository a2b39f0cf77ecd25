import { constants, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

export interface OpenedStream {
  readonly stat: Stats;
  /** Content of the file. Fails with the file's error, or with an AbortError once the signal aborts. */
  readonly stream: Readable;
}

const readBytes = 1 << 20;

/**
 * Opens a file of any kind as a stream. A fifo or a terminal may never have input, so both are polled: Node would read them in a
 * thread, which it cannot interrupt and for whose end it waits at exit. Throws the errors of open(2).
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
