import { type AbortOptions, unlessAborted } from './abort.ts';

/** Runs asynchronous work one at a time, in the order in which it was requested. */
export class Mutex {
  #last: Promise<unknown> | undefined;

  /** True when nothing runs or waits. */
  get isFree(): boolean {
    return this.#last === undefined;
  }

  /**
   * Runs `body` once all earlier work has ended, whether it succeeded or failed. The signal ends the wait for earlier work;
   * a `body` that has started must watch the signal itself.
   */
  async run<Result>(body: () => Promise<Result>, { signal }: AbortOptions = {}): Promise<Result> {
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
