import { orUndo } from './or-undo.ts';

/**
 * Runs `body`, then `after`, whether `body` succeeds or fails. When both fail, the failure of `body` is thrown: `finally` alone
 * would throw that of `after`, and `using` would wrap both.
 */
export function thenAlways<Result>(body: () => Result, after: () => void): Result {
  const result = orUndo(body, after);
  after();
  return result;
}
