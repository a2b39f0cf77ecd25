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
  /** A program that is given it keeps the lock as long as itself, whatever becomes of us. */
  readonly fd: number;
}

/**
 * One file per key being worked on, locked by whoever does: a build step, where a second process waits and then finds the
 * result in the cache, or a container being started or removed. A holder's file goes when it is done; a killed holder's
 * lock goes with it and the file is taken over.
 */
export class KeyLocks {
  readonly #directory: string;
  readonly #spares: SpareFiles;
  #takesSpares = false;

  /** `directory` lies among the store's locks; it is made when it is missing and something is locked. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#spares = new SpareFiles(dirname(directory));
  }

  /** Waits until nobody else holds `key`. */
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
      // The holder before us removed the file while we waited: what we locked has that name no more.
      if (isFileAt(path, fd)) return this.#held(path, fd);
      closeSync(fd);
    }
  }

  /** {@link lock} without waiting: undefined when somebody else holds it. */
  tryLock(key: string): KeyLock | undefined {
    const { path, fd } = this.#open(key);
    if (tryLockFile(fd) && isFileAt(path, fd)) return this.#held(path, fd);
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

  #held(path: string, fd: number): KeyLock {
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

  /** While it is still locked, so that nobody can lock a file that is about to lose its name. */
  #remove(path: string): void {
    if (!this.#takesSpares || !this.#spares.giveBack(path)) ifThere(() => unlinkSync(path));
  }
}

/** Returns a container's ID as it is: loading node:crypto to hash it takes 5 ms, a tenth of `stop` and `rm`. */
const fileNameOf = (key: string): string =>
  /^[0-9a-f]{64}$/.test(key) ? key : createHash('sha256').update(key).digest('hex');

/** Removes the files of holders that were killed. Safe beside others that lock. */
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
