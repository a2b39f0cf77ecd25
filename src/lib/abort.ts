/** Options of everything that waits. The signal's `reason` is rethrown unchanged: cancellation is not an error kind. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles as `wait` does, or rejects with the signal's reason once the signal aborts. After an abort `wait` goes on in the
 * background, and its failure is ignored.
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
