import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../lib/abort.ts';
import { Mutex } from '../lib/mutex.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';
import { lockFile } from '../sys/flock.ts';
import { diskFailure } from './disk-failure.ts';

const stripes: readonly string[] = Array.from({ length: 16 }, (_, i) => `object-${i.toString(16)}`);

/**
 * Locks of a store's single objects, across processes. Publishing an object and moving an unused one into the trash
 * take the same lock, so neither acts on a state that the other is about to change. A lock is held for a few file
 * calls, never during a wait. Objects share a few lock files, created with the store and kept, so that removing works
 * on a full disk.
 */
export class ObjectLocks {
  readonly #directory: string;
  // flock also excludes other descriptors of this process, but waiting for it polls; in-process waiters queue instead.
  readonly #mutexes = new Map<string, Mutex>();

  /** `directory` is the store's `locks` folder. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Creates the missing folder and lock files; to be called before anything is stored. Throws ERR_NO_SPACE. */
  prepare(): void {
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      for (const stripe of stripes) {
        const path = join(this.#directory, stripe);
        if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
      }
    } catch (error) {
      throw diskFailure(error, this.#directory);
    }
  }

  /**
   * Runs `body` while it holds the lock of the object `key` of `kind` and returns its result. The signal ends the wait,
   * not `body`.
   */
  async with<T>(kind: string, key: string, body: () => T | Promise<T>, { signal }: AbortOptions = {}): Promise<T> {
    const [first = 0] = createHash('sha256').update(`${kind}\0${key}`).digest();
    const stripe = stripes[first % stripes.length] ?? '';
    const mutex = this.#mutexes.get(stripe) ?? new Mutex();
    this.#mutexes.set(stripe, mutex);
    return await mutex.run(() => this.#runLocked(stripe, body, signal), { signal });
  }

  async #runLocked<T>(stripe: string, body: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const fd = openLock(join(this.#directory, stripe));
    try {
      await lockFile(fd, { signal });
      return await body();
    } finally {
      closeSync(fd);
    }
  }
}

function openLock(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw asSyscallError(error, path);
  }
}
