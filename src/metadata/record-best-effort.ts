import { isStrataError } from '../errors/index.ts';
import type { EventType } from './events.ts';
import type { Metadata } from './metadata.ts';

// Longest wait for another process's transaction.
const waitMs = 250;

/**
 * Runs `record` as a transaction that is not flushed and whose failure is ignored, after a short wait at most. For
 * events that docker reports although nothing changes (exec, attach, copy, save): these must not fail on a full or
 * read-only disk, nor wait long for a process that blocks writers.
 */
export async function recordBestEffort({ db }: Pick<Metadata, 'db'>, record: () => void): Promise<void> {
  const signal = AbortSignal.timeout(waitMs);
  try {
    await db.transact(record, { skipFlush: true, signal });
  } catch (error) {
    if (!isStrataError(error) && error !== signal.reason) throw error;
  }
}

/** Records docker's event of a prune, with the number of reclaimed bytes. */
export async function recordPrune(
  metadata: Pick<Metadata, 'db' | 'events'>,
  type: EventType,
  bytes: number,
): Promise<void> {
  const attributes = { reclaimed: String(bytes) };
  await recordBestEffort(metadata, () => metadata.events.add({ type, action: 'prune', actor: '', attributes }));
}
