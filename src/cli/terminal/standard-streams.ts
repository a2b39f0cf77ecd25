import { fstatSync, type Stats, writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import type { CommandOutput } from '../context.ts';
import { printable } from '../render/printable.ts';

type Name = 'stdout' | 'stderr';

// An empty pipe takes more, whatever its reader does: nobody is kept waiting who should hear of a signal.
const mostBytes = 16 << 10;
const nullDevice = 0x103;

/**
 * Standard output and error of this process. To load Node's streams for them takes a tenth of what a short command
 * costs, so what is little is written without, unless it goes to what may be a terminal. From when on somebody asks for
 * the stream itself everything goes by way of that.
 */
export class StandardStreams implements CommandOutput {
  readonly #out: OwnStream;
  readonly #err: OwnStream;

  /** `onError` gets what goes wrong with writing, also by way of Node's streams. */
  constructor(onError: (name: Name, error: NodeJS.ErrnoException) => void) {
    this.#out = new OwnStream('stdout', 1, onError);
    this.#err = new OwnStream('stderr', 2, onError);
  }

  readonly out = (text: string): void => this.#out.write(text);
  readonly err = (text: string | Uint8Array): void => this.#err.write(text);

  /** True when all is written; what went wrong with it the streams of Node tell a moment later. */
  get areDone(): boolean {
    return this.#out.isDone && this.#err.isDone;
  }
}

class OwnStream {
  readonly #name: Name;
  readonly #fd: number;
  readonly #onError: (name: Name, error: NodeJS.ErrnoException) => void;
  #stream: WriteStream | undefined;
  #roomBytes: number | undefined;

  constructor(name: Name, fd: number, onError: (name: Name, error: NodeJS.ErrnoException) => void) {
    this.#name = name;
    this.#fd = fd;
    this.#onError = onError;
    const own = Object.getOwnPropertyDescriptor(process, name);
    Object.defineProperty(process, name, {
      ...own,
      get: () => {
        const stream = own?.get?.call(process) as WriteStream;
        if (this.#stream === undefined) stream.on('error', (error: NodeJS.ErrnoException) => onError(name, error));
        this.#stream = stream;
        return stream;
      },
    });
  }

  get isDone(): boolean {
    return this.#stream === undefined || this.#stream.writableLength === 0;
  }

  write(text: string | Uint8Array): void {
    const rest = this.#stream === undefined ? this.#writeAtOnce(text) : text;
    if (rest.length === 0) return;
    const stream = process[this.#name];
    // Templates print what an image says as it is, which a file wants and a terminal would obey.
    stream.write(typeof rest === 'string' && this.#name === 'stdout' && stream.isTTY ? printable(rest) : rest);
  }

  /** Answers what it leaves to the stream: all of it or nothing, or what a pipe had no room for. */
  #writeAtOnce(text: string | Uint8Array): string | Uint8Array {
    this.#roomBytes ??= roomBytes(this.#fd);
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (bytes.length > this.#roomBytes) return text;
    this.#roomBytes -= bytes.length;
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      const failure = error as NodeJS.ErrnoException;
      // Somebody else has the same pipe and does not want to wait for it.
      if (failure.code === 'EAGAIN') return bytes.subarray(done);
      this.#onError(this.#name, failure);
    }
    return '';
  }
}

/** False for what surely is none, so that Node's stream need not be loaded to ask it. */
export const mayBeTerminal = (fd: number): boolean => roomBytes(fd) === 0;

/** How much can be written to a file without being in the way of anything. */
function roomBytes(fd: number): number {
  let stat: Stats;
  try {
    stat = fstatSync(fd);
  } catch {
    return 0;
  }
  if (stat.isFile() || (stat.isCharacterDevice() && stat.rdev === nullDevice)) return Number.POSITIVE_INFINITY;
  return stat.isFIFO() || stat.isSocket() ? mostBytes : 0;
}
