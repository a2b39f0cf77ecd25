import { Socket } from 'node:net';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK } from './seqpacket.ts';

const SOCK_STREAM = 1;
const O_CLOEXEC = SOCK_CLOEXEC;

export interface PacketReaderOptions {
  /** Longer packets are truncated. */
  readonly maxPacketBytes: number;
  /**
   * Receives the packets that have arrived. Each is valid until the next is requested; packets not requested stay in the kernel.
   * Returns false to receive no more until `resume`.
   */
  readonly onPackets: (packets: Iterable<Uint8Array>) => boolean;
  /** Called once, after the last packet. */
  readonly onEnd: (failure: Error | undefined) => void;
}

/**
 * Reads the packets of a socket on the event loop. Node refuses sockets of type SOCK_SEQPACKET, which libuv does not recognise,
 * but libuv reads any pollable descriptor with read(2), which returns one packet at a time. So Node opens a local stream socket,
 * and dup3(2) replaces it with the packet socket before it is first polled.
 */
export class PacketReader implements Disposable {
  readonly #socket: Socket;
  readonly #fd: number;
  readonly #options: PacketReaderOptions;
  readonly #buffer: Uint8Array;
  #hasEnded = false;

  /** Starts reading. `fd` must be non-blocking; the caller owns it and closes it after this reader. */
  constructor(fd: number, options: PacketReaderOptions) {
    this.#fd = fd;
    this.#options = options;
    this.#buffer = bufferOf(options.maxPacketBytes);
    this.#socket = openOn(fd, {
      buffer: this.#buffer,
      callback: (length) => this.#options.onPackets(this.#packetsFrom(length)),
    });
    this.#socket
      .on('error', (error) => this.#onError(error))
      .on('end', () => this.#end(undefined))
      .resume();
  }

  /** Continues after `onPackets` has returned false. Idempotent. */
  resume(): void {
    this.#socket.resume();
  }

  /** Stops without calling `onEnd`. Idempotent. */
  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#socket.destroy();
  }

  /** Yields the packet that Node has read, then reads the others directly, which saves a turn of the event loop for each. */
  *#packetsFrom(first: number): Generator<Uint8Array> {
    for (let length = first; length > 0 && !this.#hasEnded; length = this.#receive()) {
      yield this.#buffer.subarray(0, length);
    }
  }

  /** Returns the length of the next packet; 0 or less when there is none. Node detects the end or a failure itself. */
  #receive(): number {
    return Number(libc().recv(this.#fd, this.#buffer, this.#buffer.length, 0));
  }

  #onError(error: Error): void {
    if (this.#hasEnded) return;
    // The other side closed without reading all our packets; its own can still be read. The kernel reports this once.
    const isReset = errnoOf(error) === 'ECONNRESET';
    if (isReset) this.#drain();
    this.#end(isReset ? undefined : error);
  }

  /** Delivers all remaining packets, even after `onPackets` returned false: Node will not read again. A socket's buffer is small. */
  #drain(): void {
    for (let length = this.#receive(); length > 0 && !this.#hasEnded; length = this.#receive()) {
      this.#options.onPackets(this.#packetsFrom(length));
    }
  }

  #end(failure: Error | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#socket.destroy();
    this.#options.onEnd(failure);
  }
}

let shared = new Uint8Array(0);

/** Returns one buffer for all readers of a thread: a packet is consumed before the next one is read. */
function bufferOf(length: number): Uint8Array {
  if (shared.length < length) shared = new Uint8Array(length);
  return shared;
}

function openOn(
  fd: number,
  onread: { readonly buffer: Uint8Array; readonly callback: (length: number) => boolean },
): Socket {
  const streamFd = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (streamFd < 0) throw lastError('socket');
  let socket: Socket;
  try {
    socket = new Socket({ fd: streamFd, writable: false, onread });
  } catch (error) {
    closeFd(streamFd);
    throw error;
  }
  if (libc().dup3(fd, streamFd, O_CLOEXEC) < 0) {
    const error = lastError('dup3');
    socket.destroy();
    throw error;
  }
  return socket;
}
