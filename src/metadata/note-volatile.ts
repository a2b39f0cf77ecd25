import { isStrataError } from '../errors/index.ts';
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
