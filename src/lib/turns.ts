import { type AbortOptions, unlessAborted } from './abort.ts';

/** Lets asynchronous work take turns, in the order in which it asked. */
export class Turns {
  #last: Promise<unknown> | undefined;

  /** True when nothing runs or waits. */
  get isFree(): boolean {
    return this.#last === undefined;
  }

  /**
   * Runs `body` when all that asked before has ended, however it ended. The signal ends the wait for that; what has begun
   * looks at the signal itself.
   */
  async take<Result>(body: () => Promise<Result>, { signal }: AbortOptions = {}): Promise<Result> {
    const before = this.#last?.catch(() => undefined);
    const turn = before === undefined ? body() : this.#after(before, body, { signal });
    this.#last = turn;
    const leave = (): void => {
      if (this.#last === turn) this.#last = undefined;
    };
    turn.then(leave, leave);
    if (before !== undefined) await unlessAborted(before, { signal });
    return await turn;
  }

  async #after<Result>(
    before: Promise<unknown>,
    body: () => Promise<Result>,
    { signal }: AbortOptions,
  ): Promise<Result> {
    await before;
    signal?.throwIfAborted();
    return await body();
  }
}
