import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { AbortOptions } from '../lib/abort.ts';
import { lockFile } from '../sys/flock.ts';

/**
 * One file per build step being run, locked by whoever runs it: a second process waits and then finds the result in the
 * cache. A holder's file goes when it is done; a killed holder's lock goes with it and the file is taken over.
 */
export class StepLocks {
  readonly #directory: string;

  constructor(locks: string) {
    this.#directory = join(locks, 'steps');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** Waits until nobody else holds `key`. */
  async lock(key: string, { signal }: AbortOptions): Promise<AsyncDisposable> {
    const path = join(this.#directory, createHash('sha256').update(key).digest('hex'));
    for (;;) {
      signal?.throwIfAborted();
      const fd = openSync(path, 'a', 0o600);
      try {
        await lockFile(fd, { signal });
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      // The holder before us removed the file while we waited: what we locked has no name any more.
      if (fstatSync(fd).nlink > 0) return { [Symbol.asyncDispose]: async () => release(path, fd) };
      closeSync(fd);
    }
  }
}

function release(path: string, fd: number): void {
  // Removed while still locked, so nobody can lock a file that is about to lose its name.
  unlinkSync(path);
  closeSync(fd);
}
