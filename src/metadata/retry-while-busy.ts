import { isStrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { pause } from '../sys/pause.ts';

export const usualBusyTimeoutMs = 60_000;

// At random, so that of many that wait each has its turn.
export const pauseMs = (): number => 1 + Math.random() * 19;

/** Does what waits for nobody until it finds the store free of other writers; throws ERR_STORE_BUSY after too long. */
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
