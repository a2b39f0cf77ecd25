import type { AbortOptions } from '../lib/abort.ts';
import { errnoOf } from './errno.ts';
import { libc } from './libc.ts';
import { pause } from './pause.ts';
import { lastError } from './scratch.ts';

/** `exclusive` for one holder, `shared` for any number of holders that exclude an exclusive one. */
export type LockMode = 'exclusive' | 'shared';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/**
 * Locks a file without waiting, flock(2). Returns false when another lock excludes this one. The lock belongs to the open file:
 * it excludes other open files of this process too, and ends when the last copy of this descriptor is closed, also by a kill.
 * Locking again changes the mode, with a moment without a lock in between.
 */
export function tryLockFile(fd: number, mode: LockMode = 'exclusive'): boolean {
  if (libc().flock(fd, (mode === 'exclusive' ? LOCK_EX : LOCK_SH) | LOCK_NB) === 0) return true;
  const error = lastError('flock');
  if (errnoOf(error) === 'EAGAIN') return false;
  throw error;
}

/**
 * Locks a file by polling {@link tryLockFile}, with pauses of 1 to 50 ms, until it succeeds or `signal` aborts. A blocking call
 * would occupy one of libuv's four threads. Waiters get the lock in no particular order.
 */
export async function lockFile(fd: number, options: AbortOptions & { readonly mode?: LockMode } = {}): Promise<void> {
  const { signal, mode } = options;
  signal?.throwIfAborted();
  for (let pauseMs = 1; !tryLockFile(fd, mode); pauseMs = Math.min(pauseMs * 2, 50)) {
    await pause(pauseMs, options);
  }
}

/** Releases the lock of a descriptor and all its copies. Idempotent. */
export function unlockFile(fd: number): void {
  if (libc().flock(fd, LOCK_UN) < 0) throw lastError('flock');
}
