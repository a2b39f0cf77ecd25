// Plain I/O on descriptors, for loops where Node's fs costs half a microsecond more per call.
import { errnoNumber, SyscallError } from './errno.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** write(2) until all of `bytes` is written at the descriptor's position. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  for (;;) {
    const written = Number(libc().write(fd, rest, rest.length));
    if (written < 0) throw lastError('write');
    if (written === rest.length) return;
    // A filesystem that takes nothing and reports nothing would keep us here for ever.
    if (written === 0) throw new SyscallError({ syscall: 'write', errno: errnoNumber('EIO') });
    rest = rest.subarray(written);
  }
}

/** pwrite(2) until all of `bytes` is written at `offset`. */
export function writeFullyAt(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done);
    const written = Number(libc().pwrite(fd, rest, rest.length, offset + done));
    if (written < 0) throw lastError('pwrite');
    if (written === 0) throw new SyscallError({ syscall: 'pwrite', errno: errnoNumber('EIO') });
    done += written;
  }
}

/** pread(2): how many bytes of `into` were filled from `offset`; fewer than asked at the end of the file only. */
export function readFullyAt(fd: number, into: Uint8Array, offset: number): number {
  let done = 0;
  while (done < into.length) {
    const rest = into.subarray(done);
    const count = Number(libc().pread(fd, rest, rest.length, offset + done));
    if (count < 0) throw lastError('pread');
    if (count === 0) break;
    done += count;
  }
  return done;
}
