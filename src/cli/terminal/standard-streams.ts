import { fstatSync, type Stats, writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import type { CommandOutput } from '../context.ts';
import { printable } from '../render/printable.ts';

type StreamName = 'stdout' | 'stderr';

// An empty pipe takes more than this without a reader, so a direct write does not block and signals are still handled.
const maxDirectBytes = 16 << 10;
const nullDevice = 0x103;

/**
 * Standard output and error of this process. Loading Node's streams takes a tenth of the time of a short command, so
 * short output is written to the descriptor directly, except to a possible terminal. Once the stream itself was used
 * (`process.stdout`), all output goes through it.
 */
export class StandardStreams implements CommandOutput {
  readonly #out: OwnStream;
  readonly #err: OwnStream;

  /** `onError` is called with errors of writing, those of Node's streams included. */
  constructor(onError: (name: StreamName, error: NodeJS.ErrnoException) => void) {
    this.#out = new OwnStream('stdout', 1, onError);
    this.#err = new OwnStream('stderr', 2, onError);
  }

  readonly out = (text: string): void => this.#out.write(text);
  readonly err = (text: string | Uint8Array): void => this.#err.write(text);

  /** True when all is written. Node's streams emit an error of it a moment later. */
  get areDone(): boolean {
    return this.#out.isDone && this.#err.isDone;
  }
}

class OwnStream {
  readonly #name: StreamName;
  readonly #fd: number;
  readonly #onError: (name: StreamName, error: NodeJS.ErrnoException) => void;
  #stream: WriteStream | undefined;
  #directBytesLeft: number | undefined;

  constructor(name: StreamName, fd: number, onError: (name: StreamName, error: NodeJS.ErrnoException) => void) {
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
    const rest = this.#stream === undefined ? this.#writeDirectly(text) : text;
    if (rest.length === 0) return;
    const stream = process[this.#name];
    // Templates print an image's texts unchanged, which is right for a file; a terminal would obey control characters.
    stream.write(typeof rest === 'string' && this.#name === 'stdout' && stream.isTTY ? printable(rest) : rest);
  }

  /** Returns the rest for the stream: all of the text, nothing, or the part that a full pipe did not take. */
  #writeDirectly(text: string | Uint8Array): string | Uint8Array {
    this.#directBytesLeft ??= directBytes(this.#fd);
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (bytes.length > this.#directBytesLeft) return text;
    this.#directBytesLeft -= bytes.length;
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      const failure = error as NodeJS.ErrnoException;
      // Another process has set the shared pipe to non-blocking.
      if (failure.code === 'EAGAIN') return bytes.subarray(done);
      this.#onError(this.#name, failure);
    }
    return '';
  }
}

/** Returns false for a descriptor that is certainly no terminal, without loading Node's stream. */
export const mayBeTerminal = (fd: number): boolean => directBytes(fd) === 0;

/** Returns how many bytes can be written to a descriptor directly: 0 for a possible terminal. */
function directBytes(fd: number): number {
  let stat: Stats;
  try {
    stat = fstatSync(fd);
  } catch {
    return 0;
  }
  if (stat.isFile() || (stat.isCharacterDevice() && stat.rdev === nullDevice)) return Number.POSITIVE_INFINITY;
  return stat.isFIFO() || stat.isSocket() ? maxDirectBytes : 0;
}
