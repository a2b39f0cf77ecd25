import type { AbortOptions } from './abort.ts';

/**
 * Structured concurrency: tasks started with `run` share one signal; the first failure aborts the others, and
 * disposal waits for all of them, so no promise outlives the group. `limit` bounds how many run at once.
 */
export class TaskGroup implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #limit: number;
  #active = 0;
  #failure: { readonly reason: unknown } | undefined;
  /** Aborted when the caller's signal is, or when a task fails. */
  readonly signal: AbortSignal;

  constructor(options: AbortOptions & { readonly limit?: number } = {}) {
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.signal = options.signal ? AbortSignal.any([options.signal, this.#controller.signal]) : this.#controller.signal;
  }

  /** Starts `task` as soon as the limit allows. {@link join} throws its failure. */
  run(task: (signal: AbortSignal) => Promise<void>): void {
    const promise = this.#runGuarded(task).finally(() => this.#running.delete(promise));
    this.#running.add(promise);
  }

  /** Waits for every task started so far; rethrows the first failure, or the caller's abort reason. */
  async join(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failure) throw this.#failure.reason;
    this.signal.throwIfAborted();
  }

  /** Aborts the tasks that still run and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running.size > 0) this.#controller.abort(new DOMException('task group closed', 'AbortError'));
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #runGuarded(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#active >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active++;
    try {
      if (!this.signal.aborted) await task(this.signal);
    } catch (reason) {
      this.#failure ??= { reason };
      this.#controller.abort(reason);
    } finally {
      this.#active--;
      this.#waiting.shift()?.();
    }
  }
}
