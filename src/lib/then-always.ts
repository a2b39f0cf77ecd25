import { orUndo } from './or-undo.ts';

/**
 * Runs `body`, and `after` whatever comes of it. When both fail, the first failure is thrown: `finally` alone would throw
 * the second, and a `using` wraps both.
 */
export function thenAlways<Result>(body: () => Result, after: () => void): Result {
  const result = orUndo(body, after);
  after();
  return result;
}
