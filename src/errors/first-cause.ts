/**
 * What went wrong first. When closing something fails after its user has failed, the language wraps both into a
 * `SuppressedError` whose own message says nothing; what follows from a failure is not what a user can mend.
 */
export function firstCause(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}
