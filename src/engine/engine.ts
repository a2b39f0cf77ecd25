import { resolve } from 'node:path';
import type { ConfigurationOptions } from '../configuration/load-configuration.ts';
import type { ResolvedConfiguration } from '../configuration/resolve-configuration.ts';
import { checkChoice } from '../errors/option.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { retryWhileBusy } from '../metadata/retry-while-busy.ts';
import type { DriverTable } from '../snapshots/storage-driver.ts';
import type { DriverWish } from '../snapshots/wished-driver.ts';
import { findLayout, type StoreLayout } from '../store/layout.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { Host } from '../sys/worker/host.ts';
import { Calls } from './calls.ts';
import type { EventsOptions, StoreEvent } from './events/follow.ts';
import { BuilderVerbs } from './nouns/builder.ts';
import { ContainerVerbs } from './nouns/containers.ts';
import { ImageVerbs } from './nouns/images.ts';
import { SystemVerbs } from './nouns/system.ts';
import { openConfiguration } from './open-configuration.ts';
import { perform } from './perform.ts';

/** Every setting can be given here; what is not comes from the environment, the configuration file or its default. */
export interface EngineOptions extends AbortOptions, ConfigurationOptions {
  /** The drivers to choose among, for a program that brings its own. Default: those of Strata. */
  readonly storageDrivers?: DriverTable;
  /**
   * The thread that moves between mount namespaces, as containers and RUN take: a `worker` (default), or the `main` thread
   * of a program that does nothing but use this engine, which starts sooner.
   */
  readonly mountThread?: 'main' | 'worker';
}

/**
 * An open store and everything that can be done with it, each kind of work loaded when first asked for. Several
 * engines, in one process or many, may have the same store open.
 *
 * Close it with `await using` or `[Symbol.asyncDispose]()`. What goes on then ends as by an abort, and rejects with ERR_CLOSED as
 * every later call does; images that were opened are closed, containers go on.
 *
 * ```ts
 * await using engine = await Engine.open({ root: '/var/lib/example' });
 * await using load = engine.images.load({ input: 'busybox.tar' });
 * await load.result;
 * const { exitCode } = await engine.containers.run({ image: 'busybox', command: ['true'] }).result;
 * ```
 */
export class Engine implements AsyncDisposable {
  readonly layout: StoreLayout;
  readonly images: ImageVerbs;
  readonly containers: ContainerVerbs;
  readonly builder: BuilderVerbs;
  readonly system: SystemVerbs;
  readonly #calls: Calls;

  private constructor(store: Store, wish: DriverWish, configuration: ResolvedConfiguration) {
    this.layout = store.layout;
    const calls = new Calls(store);
    this.#calls = calls;
    this.images = new ImageVerbs(calls);
    this.containers = new ContainerVerbs(calls);
    this.builder = new BuilderVerbs(calls);
    this.system = new SystemVerbs(calls, { wish, configuration });
  }

  /**
   * Opens a store for looking, which changes nothing; what is first written makes it when there is none. Throws
   * ERR_STORAGE_ROOT_UNUSABLE, ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORE_FORMAT_NEWER,
   * ERR_CONFIGURATION_UNUSABLE, ERR_CONFIGURATION_INVALID, ERR_OPTION_INVALID, and what the filesystem says.
   */
  static open(options: EngineOptions = {}): Promise<Engine> {
    return perform(async () => {
      const [configuration, host] = await Promise.all([openConfiguration(options), chooseHost(options)]);
      return await retryWhileBusy(() => Engine.#open(options, configuration, host), options);
    }, options);
  }

  static #open(options: EngineOptions, configuration: ResolvedConfiguration, host: Host): Engine {
    const { root, storageDriver: driver, storageOptions } = configuration.values;
    const layout = findLayout(resolve(root));
    const wish = { root: layout.root, driver, table: options.storageDrivers, options: storageOptions };
    const store = openStore({
      layout,
      configuration: configuration.values,
      driver: wish,
      host,
      endAbandonedWork: async (store) => {
        const { endAbandonedSteps } = await import('./builder/reconcile-steps.ts');
        return await endAbandonedSteps(store);
      },
    });
    return new Engine(store, wish, configuration);
  }

  /**
   * Yields what happens in the store, whichever process does it: what was since a time or an event's sequence number, then
   * what comes, until the signal or `until` ends it.
   *
   * ```ts
   * for await (const { type, action, actor } of engine.events({ signal: AbortSignal.timeout(60_000) }))
   *   console.log(type, action, actor.attributes['name']);
   * ```
   */
  events(options: EventsOptions = {}): AsyncGenerator<StoreEvent, void> {
    return this.#calls.stream(
      () => import('./events/follow.ts'),
      options,
      ({ followEvents }, store, own) => followEvents(store, own),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await perform(async () => await this.#calls.close());
  }
}

async function chooseHost({ mountThread }: EngineOptions): Promise<Host> {
  checkChoice('mountThread', mountThread, ['main', 'worker']);
  if (mountThread !== 'main') return (await import('../containers/worker-host.ts')).containerWorkers();
  const { MainThreadHost } = await import('../sys/worker/main-thread-host.ts');
  return new MainThreadHost();
}
