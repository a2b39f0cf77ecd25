import { diskFailure, exhaustionOf, isDiskFull } from '../content/disk-failure.ts';
import { firstCause } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { WorkControl } from '../lib/work-control.ts';
import type { Store } from '../store/store.ts';
import { Lifetime } from './lifetime.ts';
import { Operation } from './operation.ts';

/**
 * How the facade calls verbs: the module of a verb is loaded when it is first called, and whatever is thrown becomes a
 * rejection of the library, with a full disk named as the store's when it is that. Once closed it calls none.
 */
export class Calls {
  readonly #store: Store;
  readonly #lifetime = new Lifetime('engine');

  constructor(store: Store) {
    this.#store = store;
  }

  /** A verb that is over soon. */
  call<Module, Options extends AbortOptions, Result>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options) => Result | Promise<Result>,
  ): Promise<Result> {
    return this.#lifetime.run(
      options,
      async (own) => await this.#named(async () => await verb(await load(), this.#store, own)),
    );
  }

  /** A verb whose results come one after the other. */
  stream<Module, Options extends AbortOptions, Item>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void> {
    return this.#lifetime.stream(options, async (own) => verb(await load(), this.#store, own));
  }

  /** A verb whose result stays open until it calls `ended`. */
  open<Module, Options extends AbortOptions, Opened extends AsyncDisposable>(
    load: () => Promise<Module>,
    options: Options,
    verb: (module: Module, store: Store, options: Options, ended: () => void) => Promise<Opened>,
  ): Promise<Opened> {
    return this.#lifetime.open(
      options,
      async (own, ended) => await this.#named(async () => await verb(await load(), this.#store, own, ended)),
    );
  }

  /** Long work that reads the store. */
  operation<Module, Event, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store, control: WorkControl<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return this.#operate(
      options,
      async (control) => await this.#named(async () => await verb(await load(), this.#store, control)),
    );
  }

  /** Long work that writes into the store: any want of room is the store's. */
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

  /** Ends what goes on, as an abort does, and then closes the store. Idempotent. */
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

  async #named<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const first = firstCause(error);
      const { root } = this.#store.layout;
      throw isDiskFull(first) && exhaustionOf(root) !== undefined ? diskFailure(first, root) : first;
    }
  }
}
