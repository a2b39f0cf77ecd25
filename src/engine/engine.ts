import { resolve } from 'node:path';
import type { ConfigurationOptions } from '../configuration/load-configuration.ts';
import type { ResolvedConfiguration } from '../configuration/resolve-configuration.ts';
import { checkChoice } from '../errors/option.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { retryWhileBusy } from '../metadata/retry-while-busy.ts';
import type { DriverRequest } from '../snapshots/requested-driver.ts';
import type { DriverTable } from '../snapshots/storage-driver.ts';
import { findLayout, type StoreLayout } from '../store/layout.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import type { Host } from '../sys/worker/host.ts';
import { Calls } from './calls.ts';
import type { EventsOptions, StoreEvent } from './events/follow.ts';
import { BuilderVerbs } from './nouns/builder-verbs.ts';
import { ContainerVerbs } from './nouns/container-verbs.ts';
import { ImageVerbs } from './nouns/image-verbs.ts';
import { SystemVerbs } from './nouns/system-verbs.ts';
import { openConfiguration } from './open-configuration.ts';
import { perform } from './perform.ts';

/**
 * Options of {@link Engine.open}. A setting that is left out comes from the environment, the configuration file or its
 * default, in that order.
 */
export interface EngineOptions extends AbortOptions, ConfigurationOptions {
  /** Storage drivers to choose from, for a program that brings its own. Default: those of Strata. */
  readonly storageDrivers?: DriverTable;
  /**
   * Thread that moves between mount namespaces, as containers and RUN need: a `worker` (default), or the `main` thread
   * of a program that does nothing but use this engine. The main thread starts sooner.
   */
  readonly mountThread?: 'main' | 'worker';
}

/**
 * An open store and everything that can be done with it. Code is loaded when first used. Several engines, in one process
 * or many, may have the same store open.
 *
 * Close it with `await using` or `[Symbol.asyncDispose]()`. Closing aborts the calls in progress and waits for them. They,
 * and every later call, reject with ERR_CLOSED. Opened images are closed; containers keep running.
 *
 * Common to all methods:
 * - A rejection is a `StrataError` with a stable `code`, or the reason of the caller's own `signal`, unchanged.
 * - A method that takes an `AbortOptions` can be cancelled by its `signal`.
 * - Names ending in `Bytes` count bytes, in `Seconds` seconds. Text is UTF-8, byte data is `Uint8Array`.
 * - Long work returns an {@link Operation}: progress events, a `result`, and disposal that cancels.
 * - ERR_CLOSED, ERR_INTERNAL, ERR_NO_SPACE, ERR_STORE_BUSY, ERR_STORE_READ_ONLY and errors of system calls may come from
 *   any method; the methods list the codes of their own.
 *
 * ```ts
 * await using engine = await Engine.open({ root: '/var/lib/example' });
 * await using load = engine.images.load({ input: 'busybox.tar' });
 * await load.result;
 * const { exitCode } = await engine.containers.run({ image: 'busybox', command: ['true'] }).result;
 * ```
 */
export class Engine implements AsyncDisposable {
  /** Paths of the store's files. */
  readonly layout: StoreLayout;
  /** List, inspect, read, tag, load, save, import and remove images. */
  readonly images: ImageVerbs;
  /** Create, start, run, stop, inspect and remove containers. */
  readonly containers: ContainerVerbs;
  /** Build images, and list and prune the build cache. */
  readonly builder: BuilderVerbs;
  /** Information on the machine, disk usage, checks and garbage collection. */
  readonly system: SystemVerbs;
  readonly #calls: Calls;

  private constructor(store: Store, request: DriverRequest, configuration: ResolvedConfiguration) {
    this.layout = store.layout;
    const calls = new Calls(store);
    this.#calls = calls;
    this.images = new ImageVerbs(calls);
    this.containers = new ContainerVerbs(calls);
    this.builder = new BuilderVerbs(calls);
    this.system = new SystemVerbs(calls, { request, configuration });
  }

  /**
   * Opens a store for reading, which changes nothing on disk. The first write creates the store when there is none.
   *
   * @throws ERR_STORAGE_ROOT_UNUSABLE, ERR_STORAGE_DRIVER_UNKNOWN, ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORE_FORMAT_NEWER,
   * ERR_CONFIGURATION_UNUSABLE, ERR_CONFIGURATION_INVALID, ERR_OPTION_INVALID, and errors of system calls.
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
    const request = { root: layout.root, driver, table: options.storageDrivers, options: storageOptions };
    const store = openStore({
      layout,
      configuration: configuration.values,
      driver: request,
      host,
      endAbandonedWork: async (store) => {
        const { endAbandonedSteps } = await import('./builder/end-abandoned-steps.ts');
        return await endAbandonedSteps(store);
      },
    });
    return new Engine(store, request, configuration);
  }

  /**
   * Yields the events of the store, whichever process causes them: first those since a time or a sequence number, then new
   * ones, until `until` is over or the signal aborts. An abort rejects the iteration with the signal's reason.
   *
   * ```ts
   * for await (const { type, action, actor } of engine.events({ until: new Date(Date.now() + 60_000) }))
   *   console.log(type, action, actor.attributes['name']);
   * ```
   *
   * @throws ERR_OPTION_INVALID for a `since` or `until` that is no time, or a sequence number the store has not reached.
   */
  events(options: EventsOptions = {}): AsyncGenerator<StoreEvent, void> {
    return this.#calls.stream(
      () => import('./events/follow.ts'),
      options,
      ({ followEvents }, store, own) => followEvents(store, own),
    );
  }

  /** Closes the engine. Idempotent. Resolves once every call in progress has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await perform(async () => await this.#calls.close());
  }
}

async function chooseHost({ mountThread }: EngineOptions): Promise<Host> {
  checkChoice('mountThread', mountThread, ['main', 'worker']);
  if (mountThread !== 'main') return (await import('../containers/container-workers.ts')).containerWorkers();
  const { MainThreadHost } = await import('../sys/worker/main-thread-host.ts');
  return new MainThreadHost();
}
