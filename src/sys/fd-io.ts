// Plain I/O on descriptors, for loops where Node's fs costs half a microsecond more per call.
import { errnoNumber, SyscallError } from './errno.ts';
import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

/** Writes all of `bytes` at the descriptor's position, write(2). */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  for (;;) {
    const written = Number(libc().write(fd, rest, rest.length));
    if (written < 0) throw lastError('write');
    if (written === rest.length) return;
    // A filesystem that writes nothing without an error would loop for ever.
    if (written === 0) throw new SyscallError({ syscall: 'write', errno: errnoNumber('EIO') });
    rest = rest.subarray(written);
  }
}

/** Writes all of `bytes` at `offset`, pwrite(2). */
export function writeFullyAt(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done);
    const written = Number(libc().pwrite(fd, rest, rest.length, offset + done));
    if (written < 0) throw lastError('pwrite');
    if (written === 0) throw new SyscallError({ syscall: 'pwrite', errno: errnoNumber('EIO') });
    done += written;
  }
}

/** Fills `into` from `offset`, pread(2). Returns the number of bytes read, fewer only at the end of the file. */
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
