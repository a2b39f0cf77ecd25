import { isStrataError } from '../errors/index.ts';
import type { EventType } from './events.ts';
import type { Metadata } from './metadata.ts';

/**
 * Writes down what docker reports and nothing is changed by (exec, attach, copy, save): not flushed, and nothing fails
 * for want of it, as on a full disk or where only reading is allowed.
 */
export async function noteVolatile({ db }: Pick<Metadata, 'db'>, note: () => void): Promise<void> {
  try {
    await db.transact(note, { isVolatile: true });
  } catch (error) {
    if (!isStrataError(error)) throw error;
  }
}

/** What a prune freed, as docker reports it. */
export async function notePrune(
  metadata: Pick<Metadata, 'db' | 'events'>,
  type: EventType,
  bytes: number,
): Promise<void> {
  const attributes = { reclaimed: String(bytes) };
  await noteVolatile(metadata, () => metadata.events.add({ type, action: 'prune', actor: '', attributes }));
}
