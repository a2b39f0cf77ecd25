/** Taken by everything that waits. The signal's `reason` is rethrown unchanged: cancellation is not an error kind. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves as `wait` does; rejects with the signal's reason once it aborts, while `wait` goes on: what that throws afterwards
 * is nobody's.
 */
export async function unlessAborted<Result>(wait: Promise<Result>, { signal }: AbortOptions): Promise<Result> {
  if (signal === undefined) return await wait;
  if (signal.aborted) {
    wait.catch(() => undefined);
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([wait, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
