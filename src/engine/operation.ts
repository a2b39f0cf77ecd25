import type { AbortOptions } from '../lib/abort.ts';
import type { Reporter } from '../lib/work-control.ts';
import { perform } from './perform.ts';

// Bounds memory when a reader stalls. Events carry whole states, so the oldest may be dropped.
const maxPending = 4096;
// Events kept before the first reader, so that an iteration that starts a tick later misses nothing usual.
const maxUnread = 1024;

interface Pending<Event> {
  readonly event: Event;
  readonly taken: (() => void) | undefined;
}

/**
 * Long work: progress as an async iterable, the outcome as `result`, and disposal that aborts and waits. The work starts at
 * once. Iterating is optional: without a reader events are dropped and `result` settles all the same. Not thenable on
 * purpose, so that `await engine.builder.build(…)` cannot be mistaken for waiting for the image.
 *
 * Cancel it by the `signal` of the request (`result` rejects with its reason) or by disposal (an AbortError).
 *
 * ```ts
 * await using save = engine.images.save({ images: ['busybox'], output: 'busybox.tar' });
 * for await (const { type, state } of save) console.log(type, state);
 * const { sizeBytes } = await save.result;
 * ```
 */
export class Operation<Event, Outcome> implements AsyncIterable<Event>, AsyncDisposable {
  readonly #controller = new AbortController();
  #pending: Pending<Event>[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #listened = false;
  /** Settles when the work has ended. Rejects with a StrataError, or after an abort with the signal's reason. */
  readonly result: Promise<Outcome>;

  constructor(work: (report: Reporter<Event>, signal: AbortSignal) => Promise<Outcome>, options: AbortOptions = {}) {
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#controller.signal])
      : this.#controller.signal;
    this.result = perform(() => work((event, taken) => this.#push(event, taken), signal), { signal }).finally(() => {
      this.#ended = true;
      this.#wake?.();
    });
    // No unhandled rejection for a caller that only iterates or disposes.
    this.result.catch(() => undefined);
  }

  /**
   * Yields events in order and ends when the work has ended; failures show in `result` alone. For one reader: a slow one
   * loses the oldest events above 4096, except those that carry output, whose writer waits instead.
   */
  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    this.#listened = true;
    try {
      for (;;) {
        const next = this.#pending.shift();
        if (next !== undefined) {
          next.taken?.();
          yield next.event;
        } else if (this.#ended) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#listened = false;
      const unread = this.#pending;
      this.#pending = [];
      for (const { taken } of unread) taken?.();
    }
  }

  /** Aborts the work if it still runs, and waits until it has released everything. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#controller.abort(new DOMException('operation disposed', 'AbortError'));
    await this.result.catch(() => undefined);
  }

  #push(event: Event, taken: (() => void) | undefined): void {
    if (this.#listened) {
      if (taken === undefined && this.#pending.length >= maxPending) this.#dropOldest();
      this.#pending.push({ event, taken });
    } else {
      if (this.#pending.length >= maxUnread) this.#pending.shift();
      this.#pending.push({ event, taken: undefined });
      taken?.();
    }
    this.#wake?.();
  }

  #dropOldest(): void {
    const at = this.#pending.findIndex(({ taken }) => taken === undefined);
    if (at >= 0) this.#pending.splice(at, 1);
  }
}
