import { libc } from './libc.ts';

const SYNC_FILE_RANGE_WRITE = 2;

/**
 * Starts writing the changed pages of a file to disk, without waiting: sync_file_range(2). A program that has the file mapped
 * into memory does not update its times when it changes a page that is already dirty; after this its next change does. No effect
 * on tmpfs, which writes nothing to disk. Best effort: failures are ignored.
 */
export function startWriteback(fd: number): void {
  libc().sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}
