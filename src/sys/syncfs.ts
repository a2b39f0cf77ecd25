import type { AbortOptions } from '../lib/abort.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from './constants.ts';
import { SyscallError } from './errno.ts';
import { type CallResult, openLibrary } from './ffi.ts';
import { findProgram } from './find-program.ts';
import { closeFd, openAt } from './fs-at.ts';
import { runChecked } from './run-program.ts';

/**
 * syncfs(2): everything written to the filesystem of `directory`, by anybody, is on the disk when this resolves. May
 * take seconds, so `sync -f` does it in a process of its own: the event loop and libuv's few threads stay free.
 * Rejects when the kernel could not write something back. An abort ends the waiting, not what the kernel has begun.
 */
export async function syncFilesystem(directory: string, options: AbortOptions = {}): Promise<void> {
  const sync = findProgram('sync');
  if (sync !== undefined) return void (await runChecked(sync, ['-f', '--', directory], options));
  const fd = openDirectory(directory);
  try {
    await syncInTurn(fd, directory);
  } finally {
    closeFd(fd);
  }
}

const openDirectory = (directory: string): number => openAt(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);

let syncfs: ((fd: number) => Promise<CallResult>) | undefined;
let turn: Promise<unknown> = Promise.resolve();

/** One at a time, so that of libuv's four threads never more than one waits for a disk. Throws what the kernel says. */
async function syncInTurn(fd: number, directory: string): Promise<void> {
  syncfs ??= openLibrary(null).declareAsyncCall('syncfs', ['int32']);
  const call = syncfs;
  const ours = turn.then(() => call(fd));
  turn = ours.catch(() => undefined);
  const { result, errno } = await ours;
  if (result < 0) throw new SyscallError({ syscall: 'syncfs', errno, path: directory });
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
    this.#fd = openDirectory(directory);
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
    // Nothing is left to be written but what others have written since, which may be much.
    if (this.#failure === undefined) await this.#syncNow();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #syncNow(): Promise<void> {
    try {
      await syncInTurn(this.#fd, this.#directory);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  /** No flush is under way. */
  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
