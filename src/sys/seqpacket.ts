// Local sockets that keep packets apart, unix(7) with SOCK_SEQPACKET: Node opens none and takes none over.
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
const POLLIN = 1;
// sockaddr_un: the family, then a path of at most 107 bytes and its NUL.
const maxPathBytes = 107;

/** One end of a connection. No call on it waits. */
export class SeqpacketSocket implements Disposable {
  /** Good until disposal; another thread may receive from it. */
  readonly fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Throws ENOENT or ECONNREFUSED where nobody listens, EAGAIN where too many wait, ENAMETOOLONG from 108 bytes on. */
  static connect(path: string): SeqpacketSocket {
    const bytes = Buffer.from(path);
    if (bytes.length > maxPathBytes) {
      throw new SyscallError({ syscall: 'connect', errno: errnoNumber('ENAMETOOLONG'), path });
    }
    const address = Buffer.alloc(2 + maxPathBytes + 1);
    address.writeUInt16LE(AF_UNIX, 0);
    bytes.copy(address, 2);
    const fd = libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw lastError('socket');
    if (libc().connect(fd, address, address.length) < 0) {
      const error = lastError('connect', path);
      closeFd(fd);
      throw error;
    }
    return new SeqpacketSocket(fd);
  }

  /** Sends one packet; false when the other side has to read first. Throws EPIPE or ECONNRESET when it is gone. */
  send(packet: Uint8Array): boolean {
    if (Number(libc().send(this.fd, packet, packet.length, MSG_NOSIGNAL)) >= 0) return true;
    const error = lastError('send');
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }

  /** Tells the other side that nothing more comes. Idempotent. */
  endSending(): void {
    this.#shutDown(SHUT_WR);
  }

  /** Ends both directions, also for a thread that waits for packets. Idempotent. */
  endBoth(): void {
    this.#shutDown(SHUT_RDWR);
  }

  /** Idempotent. No thread may still use the descriptor. */
  [Symbol.dispose](): void {
    if (this.#isOpen) closeFd(this.fd);
    this.#isOpen = false;
  }

  #shutDown(how: number): void {
    if (!this.#isOpen || libc().shutdown(this.fd, how) === 0) return;
    const error = lastError('shutdown');
    // The other side was faster.
    if (errnoOf(error) !== 'ENOTCONN') throw error;
  }
}

/**
 * Receives one packet and answers its length; what does not fit into `into` is lost. Undefined when there is none now, 0
 * at the end.
 */
export function receivePacket(fd: number, into: Uint8Array): number | undefined {
  const length = Number(libc().recv(fd, into, into.length, 0));
  if (length >= 0) return length;
  const error = lastError('recv');
  const errno = errnoOf(error);
  // A reset is told once: the other side is gone and has not read all of ours, but what it sent is still there to be read.
  if (errno === 'EAGAIN' || errno === 'EINTR' || errno === 'ECONNRESET') return undefined;
  throw error;
}

/** Holds the calling thread until there is something to receive, an end also, or `timeoutMs` have gone by: poll(2). */
export function waitForPacket(fd: number, timeoutMs: number): void {
  const request = Buffer.alloc(8);
  request.writeInt32LE(fd, 0);
  request.writeInt16LE(POLLIN, 4);
  if (libc().poll(request, 1, timeoutMs) >= 0) return;
  const error = lastError('poll');
  if (errnoOf(error) !== 'EINTR') throw error;
}
