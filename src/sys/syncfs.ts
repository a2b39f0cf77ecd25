import type { AbortOptions } from '../lib/abort.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from './constants.ts';
import { findProgram } from './find-program.ts';
import { closeFd, openAt } from './fs-at.ts';
import { libc } from './libc.ts';
import { runChecked } from './process.ts';
import { lastError } from './scratch.ts';

/**
 * syncfs(2): everything written to the filesystem of `directory`, by anybody, is on the disk when this resolves. May
 * take seconds, so `sync -f` does it in a process of its own: the event loop and libuv's few threads stay free.
 * Rejects when the kernel could not write something back. An abort ends the waiting, not what the kernel has begun.
 */
export async function syncFilesystem(directory: string, options: AbortOptions = {}): Promise<void> {
  const sync = findProgram('sync');
  if (sync === undefined) return syncFilesystemNow(directory);
  await runChecked(sync, ['-f', '--', directory], options);
}

/** {@link syncFilesystem} that blocks the calling thread, for workers. */
export function syncFilesystemNow(directory: string): void {
  const fd = openAt(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
  try {
    if (libc().syncfs(fd) < 0) throw lastError('syncfs', directory);
  } finally {
    closeFd(fd);
  }
}
