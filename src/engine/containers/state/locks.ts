import { join } from 'node:path';
import type { AbortOptions } from '../../../lib/abort.ts';
import { KeyLocks } from '../../../store/key-locks.ts';
import type { Store } from '../../../store/store.ts';

/**
 * Opens the locks of containers. A command holds a container's lock while it starts, recovers or removes it. Inspecting it
 * and sending it a signal take no lock. A state `starting` or `removing` with a free lock was left by a killed command.
 */
export const containerLocks = async (store: Store, options: AbortOptions): Promise<KeyLocks> =>
  await locksIn(store, 'containers', options);

/**
 * Opens the locks for pausing and unpausing containers. A commit holds one from its pause to its unpause. Taken before
 * {@link containerLocks}.
 */
export const pauseLocks = async (store: Store, options: AbortOptions): Promise<KeyLocks> =>
  await locksIn(store, 'pauses', options);

async function locksIn(store: Store, folder: string, options: AbortOptions): Promise<KeyLocks> {
  await store.openForWriting(options);
  return new KeyLocks(join(store.layout.locks, folder));
}
