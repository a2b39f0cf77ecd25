/** Runs `body`, and `undo` if it fails. The failure of `body` is thrown, even if `undo` fails as well. */
export function orUndo<Result>(body: () => Result, undo: () => void): Result {
  try {
    return body();
  } catch (error) {
    try {
      undo();
    } catch {
      // The first failure is the one to report.
    }
    throw error;
  }
}
