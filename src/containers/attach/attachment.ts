import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AbortOptions } from '../../lib/abort.ts';
import { errnoOf } from '../../sys/errno.ts';
import { monotonicMs } from '../../sys/monotonic.ts';
import { PacketReader } from '../../sys/packet-reader.ts';
import { pause } from '../../sys/pause.ts';
import { identify, isAlive, type ProcessIdentity } from '../../sys/process-identity.ts';
import { SeqpacketSocket } from '../../sys/seqpacket.ts';
import { unreadBytes } from '../../sys/unread-bytes.ts';
import { OutputBatch } from './output-batch.ts';
import type { OutputChunk } from './output-chunk.ts';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Paths at which a supervisor listens for clients. */
export interface AttachPaths {
  /** The supervisor's socket. */
  readonly attach: string;
  /** The fifo that takes a terminal's new size. */
  readonly windowSize: string;
}

// conmon drops the bytes of a packet above this limit.
const maxPacketBytes = 32 * 1024;
const longestPauseMs = 16;
// Backlog of the reader above which the container waits.
const maxUntaken = 1 << 20;
// conmon reads 8192 bytes and puts one before them.
const maxReceivedBytes = 16 * 1024;
// Interval for noticing that a container with a slow reader has ended.
const lookMs = 250;

const resizePauseMs = 5;
// A supervisor reads a size within milliseconds, on a busy machine within some tens.
const sizePatienceMs = 2000;

/**
 * One client of a container's streams. It receives all output from the connection on. While it does not read, the
 * container and all its other clients wait. Closing it does not affect the container.
 */
export class Attachment implements AsyncIterable<OutputChunk>, AsyncDisposable {
  readonly #socket: SeqpacketSocket;
  readonly #windowSize: string;
  #isGone: (() => boolean) | undefined;
  readonly #reader: PacketReader;
  readonly #closing = new AbortController();
  #chunks: OutputChunk[] = [];
  #untaken = 0;
  #looking: NodeJS.Timeout | undefined;
  #lastWrite: Promise<boolean> = Promise.resolve(true);
  #sizes: TerminalSize[] = [];
  #resizing: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: Error | undefined;

  private constructor(socket: SeqpacketSocket, windowSize: string, process: ProcessIdentity | undefined) {
    this.#socket = socket;
    this.#windowSize = windowSize;
    this.#isGone = process && (() => !isAlive(process));
    this.#reader = new PacketReader(socket.fd, {
      maxPacketBytes: maxReceivedBytes,
      onPackets: (packets) => this.#receive(packets),
      onEnd: (failure) => this.#end(failure),
    });
  }

  /**
   * Connects; no output is lost between this and the first read. While `process`, the container's first, lives, the
   * container waits for a slow reader. After its end the remaining output is read from the supervisor at once. Throws
   * ENOENT or ECONNREFUSED when the supervisor has ended, EAGAIN when it accepts no connection.
   */
  static async connect(
    { attach, windowSize }: AttachPaths,
    { process, signal }: AbortOptions & { readonly process?: ProcessIdentity | undefined } = {},
  ): Promise<Attachment> {
    return new Attachment(await connectInTurn(attach, { signal }), windowSize, process);
  }

  /** Sets the `process` of `connect` once its number is known; it may have ended already. */
  follow(pid: number): void {
    const process = identify(pid);
    this.#isGone = () => process === undefined || !isAlive(process);
  }

  /** Yields the container's output until it ends or this is closed. For one reader. */
  async *[Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    for (;;) {
      const next = this.#chunks.shift();
      if (next !== undefined) {
        yield next;
        this.#take(next.chunk.length);
      } else if (this.#isOver) break;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Writes to the container's standard input, after all earlier writes; resolves when the supervisor has the bytes.
   * Returns false when they are no longer accepted: the container has ended, or this was closed.
   */
  async write(bytes: Uint8Array): Promise<boolean> {
    const written = this.#lastWrite.then(() => this.#writeNow(bytes));
    this.#lastWrite = written.catch(() => false);
    return await written;
  }

  /**
   * Closes the container's standard input once all earlier writes are taken. It ends there only for a container created
   * with `StdinOnce`. Idempotent.
   */
  end(): void {
    this.#lastWrite = this.#lastWrite.then((isTaken) => {
      if (!this.#closing.signal.aborted) this.#socket.endSending();
      return isTaken;
    });
  }

  /**
   * Resizes the container's terminal; does nothing when the container has ended. Programs redraw only when the size
   * changes: `redraws` sends a different size first.
   */
  resize({ rows, columns }: TerminalSize, { redraws = false }: { readonly redraws?: boolean } = {}): void {
    const other = { rows: rows + 1, columns: columns + 1 };
    this.#sizes = redraws ? [other, { rows, columns }] : [{ rows, columns }];
    this.#sendSizes();
  }

  /**
   * {@link resize} for a process that has not been started yet: resolves when the supervisor has taken the size, so
   * that the process finds it at once. Gives up on a supervisor that is stuck.
   */
  async presize(size: TerminalSize, { signal }: AbortOptions): Promise<void> {
    this.resize(size);
    const start = monotonicMs();
    while (this.#hasSizes() && monotonicMs() - start < sizePatienceMs) await pause(1, { signal });
  }

  #hasSizes(): boolean {
    if (this.#closing.signal.aborted) return false;
    return this.#sizes.length > 0 || withFifo(this.#windowSize, unreadBytes, 0) > 0;
  }

  // Sends one size at a time: of several that the supervisor reads at once it takes only the first (conmon 2.1.6).
  #sendSizes(): void {
    clearTimeout(this.#resizing);
    for (let [size] = this.#sizes; size !== undefined && !this.#closing.signal.aborted; [size] = this.#sizes) {
      if (this.#sendSize(size) === 'later') {
        this.#resizing = setTimeout(() => this.#sendSizes(), resizePauseMs).unref();
        return;
      }
      this.#sizes.shift();
    }
  }

  #sendSize({ rows, columns }: TerminalSize): 'sent' | 'later' | 'no-reader' {
    const send = (fd: number): 'sent' | 'later' => {
      if (unreadBytes(fd) > 0) return 'later';
      writeSync(fd, `${rows} ${columns}\n`);
      return 'sent';
    };
    return withFifo(this.#windowSize, send, 'no-reader');
  }

  /** Disconnects; the container continues. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#resizing);
    this.#closing.abort();
    this.#reader[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
    this.#chunks = [];
    this.#end(undefined);
  }

  async #writeNow(bytes: Uint8Array): Promise<boolean> {
    for (let start = 0; start < bytes.length; start += maxPacketBytes) {
      const packet = bytes.subarray(start, start + maxPacketBytes);
      for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        if (this.#closing.signal.aborted || this.#isOver) return false;
        const isSent = this.#send(packet);
        if (isSent === undefined) return false;
        if (isSent) break;
        await sleep(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
    return true;
  }

  #send(packet: Uint8Array): boolean | undefined {
    try {
      return this.#socket.send(packet);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EPIPE' || errno === 'ECONNRESET') return undefined;
      throw error;
    }
  }

  /** Returns false when the container must wait for the reader. */
  #receive(packets: Iterable<Uint8Array>): boolean {
    const batch = new OutputBatch((chunk) => {
      this.#chunks.push(chunk);
      this.#untaken += chunk.chunk.length;
    });
    for (const packet of packets) {
      batch.add(packet);
      if (this.#untaken > maxUntaken) break;
    }
    batch.flush();
    this.#wake?.();
    if (this.#untaken <= maxUntaken) return true;
    this.#looking ??= setInterval(() => this.#look(), lookMs);
    return false;
  }

  /**
   * Stops waiting for the reader once the container's first process has ended. The supervisor reports that end only
   * after we have read everything, and processes that wait for the end must not wait for a slow reader. Only the
   * contents of the pipes can still arrive.
   */
  #look(): void {
    if (this.#isGone?.() !== true) return;
    this.#untaken = Number.NEGATIVE_INFINITY;
    this.#goOn();
  }

  #take(bytes: number): void {
    this.#untaken -= bytes;
    if (this.#looking !== undefined && this.#untaken <= maxUntaken) this.#goOn();
  }

  #goOn(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#reader.resume();
  }

  #end(failure: Error | undefined): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#isOver = true;
    // There is no receiver any more. So a caller that reads to the end, or not at all, need not dispose.
    this.#socket[Symbol.dispose]();
    this.#failure ??= failure;
    this.#wake?.();
  }
}

/** Opens a fifo for writing and runs `use`; returns `otherwise` when it has no reader any more. */
function withFifo<Result>(path: string, use: (fd: number) => Result, otherwise: Result): Result {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENXIO' || errno === 'EPIPE') return otherwise;
    throw error;
  }
}

// A supervisor that accepts no client for so long has been stopped.
const acceptPatienceMs = 10_000;

/**
 * Connects, and retries while the queue is full: a supervisor accepts one client after the other, and only ten may
 * queue.
 */
async function connectInTurn(path: string, { signal }: AbortOptions): Promise<SeqpacketSocket> {
  const start = monotonicMs();
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return SeqpacketSocket.connect(path);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN' || monotonicMs() - start > acceptPatienceMs) throw error;
    }
    await pause(pauseMs, { signal });
  }
}
