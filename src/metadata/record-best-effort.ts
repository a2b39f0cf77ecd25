import { isStrataError } from '../errors/index.ts';
import type { EventType } from './events.ts';
import type { Metadata } from './metadata.ts';

// No verb waits longer than this for another process's transaction, only to say that it was called.
const patienceMs = 250;

/**
 * Writes down what docker reports and nothing is changed by (exec, attach, copy, save): not flushed, and nothing fails or
 * waits long for want of it, as on a full disk, where only reading is allowed, or beside a process that holds up writers.
 */
export async function recordBestEffort({ db }: Pick<Metadata, 'db'>, note: () => void): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    await db.transact(note, { skipFlush: true, signal });
  } catch (error) {
    if (!isStrataError(error) && error !== signal.reason) throw error;
  }
}

/** What a prune freed, as docker reports it. */
export async function recordPrune(
  metadata: Pick<Metadata, 'db' | 'events'>,
  type: EventType,
  bytes: number,
): Promise<void> {
  const attributes = { reclaimed: String(bytes) };
  await recordBestEffort(metadata, () => metadata.events.add({ type, action: 'prune', actor: '', attributes }));
}
