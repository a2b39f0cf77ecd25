import { Socket } from 'node:net';
import { errnoOf } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK } from './seqpacket.ts';

const SOCK_STREAM = 1;
const O_CLOEXEC = SOCK_CLOEXEC;

export interface PacketReaderOptions {
  /** A longer packet is cut. */
  readonly maxPacketBytes: number;
  /**
   * Takes the packets that have come; each is valid until the next one is asked for, and those not asked for stay with
   * the kernel. Returns false to get no more until `resume`.
   */
  readonly onPackets: (packets: Iterable<Uint8Array>) => boolean;
  /** Called once, after the last packet. */
  readonly onEnd: (failure: Error | undefined) => void;
}

/**
 * Reads the packets of a socket on the event loop. Node refuses sockets of type SOCK_SEQPACKET, because libuv cannot tell
 * what they are; but libuv reads any descriptor that can be polled with read(2), which returns one packet at a time. So
 * Node opens a local stream socket, and dup3(2) puts the packet socket in its place before it is first polled.
 */
export class PacketReader implements Disposable {
  readonly #socket: Socket;
  readonly #fd: number;
  readonly #options: PacketReaderOptions;
  readonly #buffer: Uint8Array;
  #hasEnded = false;

  /** `fd` does not block, stays the caller's, and outlives this. */
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

  /** Idempotent. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends without `onEnd`. Idempotent. */
  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#socket.destroy();
  }

  /** Starts with the packet that Node has read; taking the others directly saves a turn of the event loop for each. */
  *#packetsFrom(first: number): Generator<Uint8Array> {
    for (let length = first; length > 0 && !this.#hasEnded; length = this.#receive()) {
      yield this.#buffer.subarray(0, length);
    }
  }

  /** Returns the length of the next packet, 0 or less when there is none. Node meets an end or a failure itself. */
  #receive(): number {
    return Number(libc().recv(this.#fd, this.#buffer, this.#buffer.length, 0));
  }

  #onError(error: Error): void {
    if (this.#hasEnded) return;
    // The other side is gone and has not read all of ours; what it sent is still there. The kernel reports this once.
    const isReset = errnoOf(error) === 'ECONNRESET';
    if (isReset) this.#takeTheRest();
    this.#end(isReset ? undefined : error);
  }

  /** All of it, even if the reader wants no more for now: Node will not read again, and a socket's buffer is small. */
  #takeTheRest(): void {
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

/** One for all readers of a thread: a packet is dealt with before the next one is read. */
function bufferOf(length: number): Uint8Array {
  if (shared.length < length) shared = new Uint8Array(length);
  return shared;
}

function openOn(
  fd: number,
  onread: { readonly buffer: Uint8Array; readonly callback: (length: number) => boolean },
): Socket {
  const place = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (place < 0) throw lastError('socket');
  let socket: Socket;
  try {
    socket = new Socket({ fd: place, writable: false, onread });
  } catch (error) {
    closeFd(place);
    throw error;
  }
  if (libc().dup3(fd, place, O_CLOEXEC) < 0) {
    const error = lastError('dup3');
    socket.destroy();
    throw error;
  }
  return socket;
}
