import { libc } from './libc.ts';

const SYNC_FILE_RANGE_WRITE = 2;

/**
 * Has the kernel begin to write out what is changed of a file, and waits for nothing: sync_file_range(2). Whoever has the
 * file mapped into memory leaves no trace in its times when he changes a page that is waiting to be written out already;
 * from now on his next change shows. Not on tmpfs, which writes nothing out. No promise: a failure is not told.
 */
export function startWriteback(fd: number): void {
  libc().sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}
