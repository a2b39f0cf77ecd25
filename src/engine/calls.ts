import { diskFailure, exhaustionOf, isDiskFull } from '../content/disk-failure.ts';
import { firstCause } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { WorkControl } from '../lib/work-control.ts';
import type { Store } from '../store/store.ts';
import { Lifetime } from './lifetime.ts';
import { Operation } from './operation.ts';

/**
 * Calls the verbs behind the facade. Loads a verb's module at its first call, turns every error into a rejection of the
 * library, and names the store's disk when it is full. Refuses every call once closed.
 */
export class Calls {
  readonly #store: Store;
  readonly #lifetime = new Lifetime('engine');

  constructor(store: Store) {
    this.#store = store;
  }

  /** Calls a short verb. */
  call<Module, Options extends AbortOptions, Result>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options) => Result | Promise<Result>,
  ): Promise<Result> {
    return this.#lifetime.run(
      options,
      async (own) => await this.#nameFullDisk(async () => await verb(await load(), this.#store, own)),
    );
  }

  /** Calls a verb that yields its results one after the other. */
  stream<Module, Options extends AbortOptions, Item>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void> {
    return this.#lifetime.stream(options, async (own) => verb(await load(), this.#store, own));
  }

  /** Calls a verb whose result stays open until the verb calls `onEnded`. */
  open<Module, Options extends AbortOptions, Opened extends AsyncDisposable>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options, onEnded: () => void) => Promise<Opened>,
  ): Promise<Opened> {
    return this.#lifetime.open(
      options,
      async (own, onEnded) => await this.#nameFullDisk(async () => await verb(await load(), this.#store, own, onEnded)),
    );
  }

  /** Calls a long verb that reads the store. */
  operation<Module, Event, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store, control: WorkControl<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return this.#operate(
      options,
      async (control) => await this.#nameFullDisk(async () => await verb(await load(), this.#store, control)),
    );
  }

  /** Calls a long verb that writes into the store: any full disk counts as the store's. */
  storing<Module, Event, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store, control: WorkControl<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return this.#operate(options, async (control) => {
      try {
        await this.#store.openForWriting(control);
        return await verb(await load(), this.#store, control);
      } catch (error) {
        const first = firstCause(error);
        throw isDiskFull(first) ? diskFailure(first, this.#store.layout.root) : first;
      }
    });
  }

  /** Aborts the calls in progress, waits for them, then closes the store. Idempotent. */
  close(): Promise<void> {
    return this.#lifetime.close(async () => await this.#store[Symbol.asyncDispose]());
  }

  #operate<Event, Result>(
    options: AbortOptions,
    work: (control: WorkControl<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return new Operation<Event, Result>(
      (report, signal) => this.#lifetime.run({ signal }, async (own) => await work({ report, signal: own.signal })),
      options,
    );
  }

  async #nameFullDisk<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const first = firstCause(error);
      const { root } = this.#store.layout;
      throw isDiskFull(first) && exhaustionOf(root) !== undefined ? diskFailure(first, root) : first;
    }
  }
}
