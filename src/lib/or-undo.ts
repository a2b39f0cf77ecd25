/** Runs `body`; when it fails, `undo`, whose own failure only follows from the first, which is the one thrown. */
export function orUndo<Result>(body: () => Result, undo: () => void): Result {
  try {
    return body();
  } catch (error) {
    try {
      undo();
    } catch {
      // The first failure is the one to tell.
    }
    throw error;
  }
}
