import { join } from 'node:path';
import type { AbortOptions } from '../../../lib/abort.ts';
import { KeyLocks } from '../../../store/key-locks.ts';
import type { Store } from '../../../store/store.ts';

/**
 * Locks of containers. A command that starts, recovers or removes a container holds its lock; looking at it or sending a
 * signal takes none. A record whose state says that somebody is at work, while the lock is free, was left by a killed
 * command.
 */
export const containerLocks = async (store: Store, options: AbortOptions): Promise<KeyLocks> =>
  await locksIn(store, 'containers', options);

/**
 * Locks of what freezes a container or lets it go on; a commit holds one from the one to the other. Taken before
 * {@link containerLocks}.
 */
export const pauseLocks = async (store: Store, options: AbortOptions): Promise<KeyLocks> =>
  await locksIn(store, 'pauses', options);

async function locksIn(store: Store, folder: string, options: AbortOptions): Promise<KeyLocks> {
  await store.openForWriting(options);
  return new KeyLocks(join(store.layout.locks, folder));
}
