import type { AbortOptions } from '../lib/abort.ts';

// A reader that never comes back for events must not make memory grow; events carry whole states, so the oldest may go.
const maxPending = 4096;

/**
 * Long work at the facade: progress as an async iterable, the outcome as `result`, and disposal that aborts and waits.
 * Nobody has to iterate: then events are dropped and `result` settles all the same. On purpose not thenable, so that
 * `await engine.build(…)` cannot be mistaken for waiting for the image.
 */
export class Operation<Event, Outcome> implements AsyncIterable<Event>, AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #pending: Event[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #listened = false;
  /** Settles when the work ended; rejects with a StrataError, or with the signal's reason when it was aborted. */
  readonly result: Promise<Outcome>;

  constructor(
    work: (report: (event: Event) => void, signal: AbortSignal) => Promise<Outcome>,
    options: AbortOptions = {},
  ) {
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#controller.signal])
      : this.#controller.signal;
    this.result = work((event) => this.#push(event), signal).finally(() => {
      this.#ended = true;
      this.#wake?.();
    });
    // A caller that only iterates, or disposes, must not be punished by an unhandled rejection.
    this.result.catch(() => undefined);
  }

  /** Events from now on, in order; ends when the work ended. For one reader. */
  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    this.#listened = true;
    for (;;) {
      const event = this.#pending.shift();
      if (event !== undefined) yield event;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Aborts the work if it still runs and waits until it let go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#controller.abort(new DOMException('operation disposed', 'AbortError'));
    await this.result.catch(() => undefined);
  }

  #push(event: Event): void {
    if (this.#pending.length >= maxPending) this.#pending.shift();
    // Before anybody listens only a window is kept, so an iterator that starts a tick later misses nothing usual.
    if (!this.#listened && this.#pending.length >= maxPending / 4) this.#pending.shift();
    this.#pending.push(event);
    this.#wake?.();
  }
}
