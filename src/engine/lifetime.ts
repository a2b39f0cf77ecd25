import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { perform, toRejection } from './perform.ts';

interface Own {
  /** Aborts as the caller's own signal does, and when what is used is closed. */
  readonly signal: AbortSignal;
}

/** One call that goes on, or something that a call has returned and that is still open. */
interface Use {
  /** Has it end, with this reason, and resolves when it has let go of everything. */
  close(reason: StrataError): Promise<unknown>;
}

/**
 * What others use until it is closed. Closing ends what goes on as an abort does, with ERR_CLOSED for a reason, and waits for it;
 * later calls are refused with the same code. So nobody reads or writes what is closed.
 */
export class Lifetime {
  /** Says what is closed: `engine`. */
  readonly #what: string;
  readonly #uses = new Set<Use>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** Calls `body`; rejects as `perform` says. */
  async run<Options extends AbortOptions, Result>(
    options: Options,
    body: (options: Options & Own) => Promise<Result>,
  ): Promise<Result> {
    const { own, abort } = this.#own(options);
    const running = perform(() => body(own), own);
    return await this.#during({ close: (reason) => ended(running, abort, reason) }, running);
  }

  /** Yields what `body` does. Between two items, when its reader has it, nothing goes on: it is closed at once. */
  async *stream<Options extends AbortOptions, Item>(
    options: Options,
    body: (options: Options) => Promise<AsyncIterable<Item>>,
  ): AsyncGenerator<Item, void> {
    const { own, abort } = this.#own(options);
    let items: AsyncIterator<Item> | undefined;
    let step: Promise<unknown> | undefined;
    const close = async (reason: StrataError): Promise<void> => {
      await ended(step, abort, reason);
      await items?.return?.();
    };
    const use: Use = { close };
    this.#uses.add(use);
    try {
      const opened = body(own);
      step = opened;
      items = (await opened)[Symbol.asyncIterator]();
      for (;;) {
        this.#refuseClosed();
        const next = items.next();
        step = next;
        const { done, value } = await next;
        if (done === true) return;
        this.#refuseClosed();
        yield value;
      }
    } catch (error) {
      throw toRejection(error, own);
    } finally {
      this.#uses.delete(use);
      await items?.return?.();
    }
  }

  /** Calls `body` for something that stays open until it calls `ended`, and is closed at the latest when this is. */
  async open<Options extends AbortOptions, Opened extends AsyncDisposable>(
    options: Options,
    body: (options: Options, ended: () => void) => Promise<Opened>,
  ): Promise<Opened> {
    const { own, abort } = this.#own(options);
    let hasEnded = false;
    let held: Use | undefined;
    const forget = (): void => {
      hasEnded = true;
      if (held !== undefined) this.#uses.delete(held);
    };
    const running = perform(() => body(own, forget), own);
    const opened = await this.#during(
      {
        close: async (reason) => {
          abort(reason);
          await running.then(
            async (late) => await late[Symbol.asyncDispose](),
            () => undefined,
          );
        },
      },
      running,
    );
    this.#refuseClosed();
    if (hasEnded) return opened;
    held = {
      close: async (reason) => {
        abort(reason);
        await opened[Symbol.asyncDispose]();
      },
    };
    this.#uses.add(held);
    return opened;
  }

  /** Idempotent. `after` runs once nothing goes on any more. */
  close(after: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#close(after);
    return this.#closing;
  }

  async #close(after: () => Promise<void>): Promise<void> {
    this.#isClosed = true;
    const failures = await Promise.allSettled([...this.#uses].map(async (use) => await use.close(closed(this.#what))));
    this.#uses.clear();
    await after();
    for (const failure of failures) if (failure.status === 'rejected') throw failure.reason;
  }

  async #during<Result>(use: Use, running: Promise<Result>): Promise<Result> {
    this.#uses.add(use);
    try {
      return await running;
    } finally {
      this.#uses.delete(use);
    }
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw closed(this.#what);
  }

  /** Throws ERR_CLOSED. */
  #own<Options extends AbortOptions>(
    options: Options,
  ): {
    readonly own: Options & Own;
    readonly abort: (reason: StrataError) => void;
  } {
    this.#refuseClosed();
    // One for each: a signal that lives as long as a server would keep everything that ever listened to it.
    const controller = new AbortController();
    try {
      const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal;
      return { own: { ...options, signal }, abort: (reason) => controller.abort(reason) };
    } catch (error) {
      throw toRejection(error);
    }
  }
}

async function ended(
  running: Promise<unknown> | undefined,
  abort: (reason: StrataError) => void,
  reason: StrataError,
): Promise<void> {
  abort(reason);
  await running?.catch(() => undefined);
}

const closed = (what: string): StrataError =>
  new StrataError({
    code: 'ERR_CLOSED',
    message: `${what}: is closed`,
    hint: 'Open it again, and close it only when nothing needs it any more.',
  });
