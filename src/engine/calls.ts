import { diskFailure, isDiskFull, whatIsFull } from '../content/disk-failure.ts';
import { firstCause } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Conduct } from '../lib/report.ts';
import type { Store } from '../store/store.ts';
import { Operation } from './operation.ts';
import { perform, toRejection } from './perform.ts';

/**
 * How the facade calls verbs: the module of a verb is loaded when it is first called, and whatever is thrown becomes a
 * rejection of the library, with a full disk named as the store's when it is that.
 */
export class Calls {
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** A verb that is over soon. */
  call<Module, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store) => Result | Promise<Result>,
  ): Promise<Result> {
    return perform(async () => await this.#named(async () => await verb(await load(), this.store)), options);
  }

  /** A verb whose results come one after the other. */
  async *stream<Module, Item>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void> {
    try {
      yield* verb(await load(), this.store);
    } catch (error) {
      throw toRejection(error, options);
    }
  }

  /** Long work that reads the store. */
  operation<Module, Event, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store, conduct: Conduct<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return new Operation<Event, Result>(
      async (report, signal) => await this.#named(async () => await verb(await load(), this.store, { report, signal })),
      options,
    );
  }

  /** Long work that writes into the store: any want of room is the store's. */
  storing<Module, Event, Result>(
    load: () => Promise<Module>,
    options: AbortOptions,
    verb: (module: Module, store: Store, conduct: Conduct<Event>) => Promise<Result>,
  ): Operation<Event, Result> {
    return new Operation<Event, Result>(async (report, signal) => {
      try {
        await this.store.openForWriting({ signal });
        return await verb(await load(), this.store, { report, signal });
      } catch (error) {
        const first = firstCause(error);
        throw isDiskFull(first) ? diskFailure(first, this.store.layout.root) : first;
      }
    }, options);
  }

  async #named<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const first = firstCause(error);
      const { root } = this.store.layout;
      throw isDiskFull(first) && whatIsFull(root) !== undefined ? diskFailure(first, root) : first;
    }
  }
}
