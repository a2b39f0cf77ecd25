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
 * The per-object lock of a store, across processes: whoever makes an object visible and whoever moves a dead one into
 * trash take turns on it, so neither acts on what the other is about to change. Held for a few file calls, never
 * while waiting for anything else. Objects share a few lock files that are made with the store and stay, so that a full
 * disk never keeps anybody from removing things.
 */
export class ObjectLocks {
  readonly #directory: string;
  // flock excludes our own other descriptors too, but only polling would find out; inside the process we queue.
  readonly #mutexes = new Map<string, Mutex>();

  /** `directory` is the store's `locks` folder. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the folder and the lock files where they are missing; to be called before anything is stored. */
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

  /** Runs `body` while nobody else holds the object's lock. The signal ends the wait only. */
  async with<T>(kind: string, key: string, body: () => T | Promise<T>, { signal }: AbortOptions = {}): Promise<T> {
    const [first = 0] = createHash('sha256').update(`${kind}\0${key}`).digest();
    const stripe = stripes[first % stripes.length] ?? '';
    const mutex = this.#mutexes.get(stripe) ?? new Mutex();
    this.#mutexes.set(stripe, mutex);
    return await mutex.run(() => this.#locked(stripe, body, signal), { signal });
  }

  async #locked<T>(stripe: string, body: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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
