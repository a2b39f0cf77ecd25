import type { AbortOptions } from '../lib/abort.ts';
import type { Reporter } from '../lib/work-control.ts';
import { perform } from './perform.ts';

// A reader that never comes back for events must not make memory grow; events carry whole states, so the oldest may go.
const maxPending = 4096;
// Before anybody listens a window is kept, so an iterator that starts a tick later misses nothing usual.
const maxUnheard = 1024;

interface Pending<Event> {
  readonly event: Event;
  readonly taken: (() => void) | undefined;
}

/**
 * Long work at the facade: progress as an async iterable, the outcome as `result`, and disposal that aborts and waits.
 * Nobody has to iterate: then events are dropped and `result` settles all the same. On purpose not thenable, so that
 * `await engine.builder.build(…)` cannot be mistaken for waiting for the image.
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
  /** Settles when the work ended; rejects with a StrataError, or with the signal's reason when it was aborted. */
  readonly result: Promise<Outcome>;

  constructor(work: (report: Reporter<Event>, signal: AbortSignal) => Promise<Outcome>, options: AbortOptions = {}) {
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#controller.signal])
      : this.#controller.signal;
    this.result = perform(() => work((event, taken) => this.#push(event, taken), signal), { signal }).finally(() => {
      this.#ended = true;
      this.#wake?.();
    });
    // A caller that only iterates, or disposes, must not be punished by an unhandled rejection.
    this.result.catch(() => undefined);
  }

  /** Events from now on, in order; ends when the work ended. For one reader. */
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

  /** Aborts the work if it still runs and waits until it let go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#controller.abort(new DOMException('operation disposed', 'AbortError'));
    await this.result.catch(() => undefined);
  }

  #push(event: Event, taken: (() => void) | undefined): void {
    if (this.#listened) {
      if (taken === undefined && this.#pending.length >= maxPending) this.#dropOldest();
      this.#pending.push({ event, taken });
    } else {
      if (this.#pending.length >= maxUnheard) this.#pending.shift();
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
