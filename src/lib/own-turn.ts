const waiting: (() => void)[] = [];

/**
 * Resolves in a turn of the event loop that is the caller's alone, first come, first served. `setImmediate` gives one turn
 * to all that wait: where 200 each do a piece of work that never waits by itself, a timer would wait for all 200.
 */
export async function ownTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}
