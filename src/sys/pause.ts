import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../lib/abort.ts';

/** Resolves after so many milliseconds. Rejects with the signal's reason, which Node's own would wrap. */
export async function pause(ms: number, { signal }: AbortOptions): Promise<void> {
  signal?.throwIfAborted();
  try {
    await setTimeout(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
