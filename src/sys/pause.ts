import { setTimeout } from 'node:timers/promises';
import type { AbortOptions } from '../lib/abort.ts';

/** Resolves after `ms` milliseconds. Rejects with the signal's own reason, where Node's timer would wrap it. */
export async function pause(ms: number, { signal }: AbortOptions): Promise<void> {
  signal?.throwIfAborted();
  try {
    await setTimeout(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
