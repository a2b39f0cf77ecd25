/** Lets asynchronous work take turns, in the order in which it asked. */
export class Turns {
  #last: Promise<unknown> | undefined;

  /** True when nothing runs or waits. */
  get isFree(): boolean {
    return this.#last === undefined;
  }

  /** Runs `body` when all that asked before has ended, however it ended. */
  async take<Result>(body: () => Promise<Result>): Promise<Result> {
    const turn = this.#last === undefined ? body() : this.#last.then(body, body);
    this.#last = turn;
    try {
      return await turn;
    } finally {
      if (this.#last === turn) this.#last = undefined;
    }
  }
}
