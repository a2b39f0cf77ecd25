const waiting: (() => void)[] = [];

/**
 * Resolves in a turn of the event loop that no other caller gets, first come, first served. `setImmediate` alone resumes all
 * waiting callers in one turn: with 200 callers that each work synchronously for a while, a timer would wait for all 200.
 */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}
