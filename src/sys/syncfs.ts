import type { AbortOptions } from '../lib/abort.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from './constants.ts';
import { SyscallError } from './errno.ts';
import { type CallResult, openLibrary } from './ffi.ts';
import { findProgram } from './find-program.ts';
import { closeFd, openAt } from './fs-at.ts';
import { runChecked } from './run-program.ts';

/**
 * Flushes the filesystem of `directory`, syncfs(2), including writes of other programs. It may take seconds, so it runs in a
 * process, `sync -f`, which leaves the event loop and libuv's few threads free. Rejects when the kernel could not write data
 * back. An abort ends the wait, not the flush in the kernel.
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

/** Flushes one at a time, so that at most one of libuv's four threads waits for a disk. Throws the kernel's errors. */
async function syncInTurn(fd: number, directory: string): Promise<void> {
  syncfs ??= openLibrary(null).declareAsyncCall('syncfs', ['int32']);
  const call = syncfs;
  const ours = turn.then(() => call(fd));
  turn = ours.catch(() => undefined);
  const { result, errno } = await ours;
  if (result < 0) throw new SyscallError({ syscall: 'syncfs', errno, path: directory });
}

/**
 * Flush that reports every write error from its construction on. The kernel reports an error of writing back to all descriptors
 * that were open at the time, but to a later one only if no other has had the report (errseq_t, Linux 4.13). A descriptor opened
 * only for the flush could miss an error that another program's flush has collected meanwhile.
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
   * Flushes as {@link syncFilesystem} does. Rejects with the kernel's error, now and in every later call, once data written since
   * the construction of this object has been lost.
   */
  async flush(options: AbortOptions = {}): Promise<void> {
    try {
      await syncFilesystem(this.#directory, options);
    } catch {
      options.signal?.throwIfAborted();
      // The flush below reports a failed disk, with its error number. Any other failure of the program is irrelevant.
    }
    // Only writes of other programs since then are left, though these may be many.
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

  /** Closes the descriptor. No flush may be in progress. */
  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
