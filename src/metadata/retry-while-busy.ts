import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { pause } from '../sys/pause.ts';

export const usualBusyTimeoutMs = 60_000;

/** Returns a random pause, so that many waiting processes get their turns. */
export const pauseMs = (): number => 1 + Math.random() * 19;

/**
 * Runs `body` again for as long as it throws ERR_STORE_BUSY, which it does at once while another process writes. Throws
 * ERR_STORE_BUSY when the timeout is over.
 */
export async function retryWhileBusy<Result>(
  body: () => Result,
  { signal, busyTimeoutMs = usualBusyTimeoutMs }: AbortOptions & { readonly busyTimeoutMs?: number | undefined } = {},
): Promise<Result> {
  for (const deadline = Date.now() + busyTimeoutMs; ; ) {
    try {
      return body();
    } catch (error) {
      if (!isStrataError(error, 'ERR_STORE_BUSY') || Date.now() > deadline) throw error;
    }
    await pause(pauseMs(), { signal });
  }
}
