import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { diskFailure, isDiskFull } from '../content/disk-failure.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { thenAlways } from '../lib/then-always.ts';
import { SpareFiles } from '../metadata/spare-files.ts';
import { lockFile, tryLockFile } from '../sys/flock.ts';
import { ifThere } from '../sys/if-there.ts';
import { isFileAt } from '../sys/is-file-at.ts';

export interface KeyLock extends AsyncDisposable {
  /** Descriptor of the lock file. A program that inherits it keeps the lock until it ends, even if we die. */
  readonly fd: number;
}

/**
 * Locks on keys, each a file that is locked while a process works on the key. For build steps, where a second process
 * waits and then finds the result in the cache, and for containers that are started or removed. A holder removes its
 * file; the lock of a killed holder ends with it, and the next holder takes its file over.
 */
export class KeyLocks {
  readonly #directory: string;
  readonly #spares: SpareFiles;
  #takesSpares = false;

  /** `directory` is a folder in the store's `locks` folder; it is created for the first lock. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#spares = new SpareFiles(dirname(directory));
  }

  /** Waits until no other holder has `key`, and locks it. Throws ERR_NO_SPACE. */
  async lock(key: string, { signal }: AbortOptions): Promise<KeyLock> {
    for (;;) {
      signal?.throwIfAborted();
      const { path, fd } = this.#open(key);
      try {
        await lockFile(fd, { signal });
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      // Otherwise the previous holder removed the file during the wait, and we have locked an unlinked file.
      if (isFileAt(path, fd)) return this.#createLock(path, fd);
      closeSync(fd);
    }
  }

  /** Does the same as {@link lock} without waiting: returns undefined while the key is locked. */
  tryLock(key: string): KeyLock | undefined {
    const { path, fd } = this.#open(key);
    if (tryLockFile(fd) && isFileAt(path, fd)) return this.#createLock(path, fd);
    closeSync(fd);
    return undefined;
  }

  #open(key: string): { readonly path: string; readonly fd: number } {
    const path = join(this.#directory, fileNameOf(key));
    for (;;) {
      try {
        mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
        return { path, fd: openSync(path, 'a', 0o600) };
      } catch (error) {
        if (!isDiskFull(error) || !this.#spares.take(path)) throw diskFailure(error, this.#directory);
        this.#takesSpares = true;
      }
    }
  }

  #createLock(path: string, fd: number): KeyLock {
    return {
      fd,
      [Symbol.asyncDispose]: async () => {
        thenAlways(
          () => this.#remove(path),
          () => closeSync(fd),
        );
      },
    };
  }

  /** Removes the file while it is still locked, so that no other process locks a file that is about to be unlinked. */
  #remove(path: string): void {
    if (!this.#takesSpares || !this.#spares.giveBack(path)) ifThere(() => unlinkSync(path));
  }
}

/** Hashes a key, except for a container's ID: loading node:crypto takes 5 ms, a tenth of `stop` and `rm`. */
const fileNameOf = (key: string): string =>
  /^[0-9a-f]{64}$/.test(key) ? key : createHash('sha256').update(key).digest('hex');

/** Removes the lock files of killed holders. Safe beside processes that lock. */
export function removeAbandonedLocks(directory: string): void {
  for (const path of ifThere(() => readdirSync(directory))?.map((name) => join(directory, name)) ?? []) {
    const fd = ifThere(() => openSync(path, 'r'));
    if (fd === undefined) continue;
    try {
      if (tryLockFile(fd) && isFileAt(path, fd)) unlinkSync(path);
    } finally {
      closeSync(fd);
    }
  }
}
