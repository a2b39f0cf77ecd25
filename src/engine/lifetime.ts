import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { perform, toRejection } from './perform.ts';

interface OwnSignal {
  /** Aborts with the caller's own signal, and when the lifetime is closed. */
  readonly signal: AbortSignal;
}

/** One call in progress, or one result of a call that is still open. */
interface Use {
  /** Ends it with this reason, and resolves when it has released everything. */
  close(reason: StrataError): Promise<unknown>;
}

/**
 * Lifetime of an engine or an opened image. Closing aborts the uses in progress with ERR_CLOSED as reason, waits for them,
 * and refuses later ones with the same code. So no call reads or writes a closed object.
 */
export class Lifetime {
  /** Name for messages, such as `engine`. */
  readonly #name: string;
  readonly #uses = new Set<Use>();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Calls `body`. Rejects as `perform` says. */
  async run<Options extends AbortOptions, Result>(
    options: Options,
    body: (options: Options & OwnSignal) => Promise<Result>,
  ): Promise<Result> {
    const { own, abort } = this.#own(options);
    const running = perform(() => body(own), own);
    return await this.#during({ close: (reason) => abortAndWait(running, abort, reason) }, running);
  }

  /** Yields the items of `body`. Between two items no work is in progress, so it is closed at once. */
  async *stream<Options extends AbortOptions, Item>(
    options: Options,
    body: (options: Options) => Promise<AsyncIterable<Item>>,
  ): AsyncGenerator<Item, void> {
    const { own, abort } = this.#own(options);
    let items: AsyncIterator<Item> | undefined;
    let step: Promise<unknown> | undefined;
    const close = async (reason: StrataError): Promise<void> => {
      await abortAndWait(step, abort, reason);
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

  /** Calls `body` for a result that stays open until `body` calls `onEnded`, and is closed with this lifetime at the latest. */
  async open<Options extends AbortOptions, Opened extends AsyncDisposable>(
    options: Options,
    body: (options: Options, onEnded: () => void) => Promise<Opened>,
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

  /** Closes. Idempotent. Runs `after` once no use is left. */
  close(after: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#close(after);
    return this.#closing;
  }

  async #close(after: () => Promise<void>): Promise<void> {
    this.#isClosed = true;
    const failures = await Promise.allSettled(
      [...this.#uses].map(async (use) => await use.close(closedError(this.#name))),
    );
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
    if (this.#isClosed) throw closedError(this.#name);
  }

  /** Throws ERR_CLOSED. */
  #own<Options extends AbortOptions>(
    options: Options,
  ): {
    readonly own: Options & OwnSignal;
    readonly abort: (reason: StrataError) => void;
  } {
    this.#refuseClosed();
    // A controller for each use: one signal as old as a server would keep everything that ever listened to it.
    const controller = new AbortController();
    try {
      const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal;
      return { own: { ...options, signal }, abort: (reason) => controller.abort(reason) };
    } catch (error) {
      throw toRejection(error);
    }
  }
}

async function abortAndWait(
  running: Promise<unknown> | undefined,
  abort: (reason: StrataError) => void,
  reason: StrataError,
): Promise<void> {
  abort(reason);
  await running?.catch(() => undefined);
}

const closedError = (name: string): StrataError =>
  new StrataError({
    code: 'ERR_CLOSED',
    message: `${name}: is closed`,
    hint: 'Open it again, and close it only when nothing needs it any more.',
  });
