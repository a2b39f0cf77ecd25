/**
 * Returns the error that was thrown first. When a `using` block fails and disposing of its resource fails as well, JavaScript
 * wraps both in a `SuppressedError` without a message of its own; the first failure is the one to report. Any other value is
 * returned unchanged.
 */
export function firstCause(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}
