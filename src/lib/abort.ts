/** Taken by everything that waits. The signal's `reason` is rethrown unchanged: cancellation is not an error kind. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}
