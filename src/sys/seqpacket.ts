// Local sockets that preserve packet boundaries, unix(7) with SOCK_SEQPACKET, which Node can neither open nor adopt.
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

export const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
// sockaddr_un: the family, then a path of at most 107 bytes and its NUL.
const maxPathBytes = 107;

/** One end of a connection. No call on it blocks. */
export class SeqpacketSocket implements Disposable {
  /** Valid until disposal. */
  readonly fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Connects. Throws ENOENT or ECONNREFUSED without a listener, EAGAIN when its queue is full, ENAMETOOLONG from 108 bytes on. */
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

  /** Sends one packet. Returns false when the other side has to read first; throws EPIPE or ECONNRESET when it has closed. */
  send(packet: Uint8Array): boolean {
    if (Number(libc().send(this.fd, packet, packet.length, MSG_NOSIGNAL)) >= 0) return true;
    const error = lastError('send');
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }

  /** Closes the sending direction, which the other side sees as an end. Idempotent. */
  endSending(): void {
    if (!this.#isOpen || libc().shutdown(this.fd, SHUT_WR) === 0) return;
    const error = lastError('shutdown');
    // The other side has already closed.
    if (errnoOf(error) !== 'ENOTCONN') throw error;
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (this.#isOpen) closeFd(this.fd);
    this.#isOpen = false;
  }
}
