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

/**
 * The flush that counts for what is written from now on. The kernel tells that something could not be written back to
 * those who had the filesystem open then, and to one who opens it later only if nobody was told before (errseq_t,
 * Linux 4.13): a flush by somebody else in the meantime, with a descriptor of its own, would take the news away.
 */
export class FilesystemFlush implements Disposable {
  readonly #directory: string;
  readonly #fd: number;
  #failure: Error | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.#fd = openAt(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
  }

  /**
   * {@link syncFilesystem}; rejects with the kernel's error, and from then on, when something written since this object
   * was made got lost.
   */
  async flush(options: AbortOptions = {}): Promise<void> {
    try {
      await syncFilesystem(this.#directory, options);
    } catch {
      options.signal?.throwIfAborted();
      // What the disk did not take is told below, with its number; what else keeps the program from working is no matter.
    }
    // Nothing is left to be written but what others have written since, so this does not block for long.
    if (this.#failure === undefined && libc().syncfs(this.#fd) < 0) {
      this.#failure = lastError('syncfs', this.#directory);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
