import { resolve } from 'node:path';
import type { ConfigurationOptions } from '../configuration/load-configuration.ts';
import type { ResolvedConfiguration } from '../configuration/resolve-configuration.ts';
import { firstCause } from '../errors/index.ts';
import type { Checked } from '../images/check/types.ts';
import type { LoadEvent, LoadRequest, LoadResult } from '../images/load/load-types.ts';
import type { SaveEvent, SaveRequest, SaveResult } from '../images/save/save-types.ts';
import type { TaggedImage } from '../images/tag-image.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { DriverTable } from '../snapshots/storage-driver.ts';
import type { DriverWish } from '../snapshots/wished-driver.ts';
import { findLayout, type StoreLayout } from '../store/layout.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { hostPlatform } from '../sys/host-platform.ts';
import type { CachedStep } from './builder/cache-usage.ts';
import type { PruneBuildCacheRequest, PrunedBuildCache } from './builder/prune-cache.ts';
import type { BuildEvent, BuildRequest, BuildResult } from './builder/types.ts';
import { ContainerVerbs } from './containers/containers.ts';
import type { ExportEvent, ExportRequest, ExportResult } from './containers/verbs/export-types.ts';
import type { PruneContainersRequest, PrunedContainers } from './containers/verbs/prune.ts';
import type { RunEvent, RunRequest, RunResult } from './containers/verbs/run-types.ts';
import type { CommitEvent, CommitRequest, CommitResult } from './images/commit-types.ts';
import type { ImportEvent, ImportRequest, ImportResult } from './images/import-types.ts';
import type { PruneImagesRequest, RemovedImages, RemoveImageRequest } from './images/remove.ts';
import { ImageViews } from './images/views.ts';
import { openConfiguration } from './open-configuration.ts';
import { Operation } from './operation.ts';
import { perform, performFrom } from './perform.ts';
import { namedIfFull, storing } from './storing.ts';
import type { CheckResult } from './system/check-store.ts';
import type { SystemInfo } from './system/system-info.ts';
import type { DiskUsage } from './system/usage-types.ts';

/** Every setting can be given here; what is not comes from the environment, the configuration file or its default. */
export interface EngineOptions extends AbortOptions, ConfigurationOptions {
  /** The drivers to choose among, for a program that brings its own. Default: those of Strata. */
  readonly storageDrivers?: DriverTable;
  /**
   * The calling program is nothing but this engine's face (the command): mounts for containers may then be made in a
   * private mount namespace of its main thread, instead of a worker's.
   */
  readonly ownProcess?: boolean;
}

/**
 * An open store and everything that can be done with it, each kind of work loaded when first asked for. Several
 * engines, in one process or many, may have the same store open. Close it with `await using` or `[Symbol.asyncDispose]()`.
 */
export class Engine implements AsyncDisposable {
  readonly layout: StoreLayout;
  /** What is there: images by name, history, details. */
  readonly images: ImageViews;
  /** What can be done with containers that live on by themselves. */
  readonly containers: ContainerVerbs;
  readonly #store: Store;
  readonly #wish: DriverWish;
  readonly #configuration: ResolvedConfiguration;

  private constructor(store: Store, wish: DriverWish, configuration: ResolvedConfiguration) {
    this.layout = store.layout;
    this.#store = store;
    this.#wish = wish;
    this.#configuration = configuration;
    this.images = new ImageViews(store, hostPlatform());
    this.containers = new ContainerVerbs(store);
  }

  /**
   * Opens a store for looking, which changes nothing; what is first written makes it when there is none. Throws ERR_STORAGE_ROOT_UNUSABLE, ERR_STORAGE_DRIVER_UNKNOWN,
   * ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORE_NEWER, ERR_CONFIGURATION_UNUSABLE, ERR_CONFIGURATION_INVALID, and what the
   * filesystem says.
   */
  static open(options: EngineOptions = {}): Promise<Engine> {
    return perform(async () => Engine.#open(options, await openConfiguration(options)), options);
  }

  static #open(options: EngineOptions, configuration: ResolvedConfiguration): Engine {
    const { root, storageDriver } = configuration.values;
    const layout = findLayout(resolve(root));
    const wish = { root: layout.root, driver: storageDriver, table: options.storageDrivers };
    const store = openStore({
      layout,
      driver: wish,
      ownProcess: options.ownProcess ?? false,
      endAbandonedWork: async ({ layout, metadata }) => {
        const { endAbandonedSteps } = await import('./builder/reconcile-steps.ts');
        return await endAbandonedSteps(layout, metadata);
      },
    });
    return new Engine(store, wish, configuration);
  }

  /** Builds an image from a folder with a Dockerfile. The result is durable when it resolves. */
  build(request: BuildRequest): Operation<BuildEvent, BuildResult> {
    return storing(this.#store, request, async (report, signal) => {
      const { runBuild } = await import('./builder/run-build.ts');
      return await runBuild(this.#store, request, { report, signal });
    });
  }

  /**
   * Stores the images of an archive (docker's or an OCI layout; a file, a stream or a folder), all of them or none. They
   * are durable and named when it resolves. Throws ERR_ARCHIVE_*, and what unpacking throws.
   */
  load(request: LoadRequest): Operation<LoadEvent, LoadResult> {
    return storing(this.#store, request, async (report, signal) => {
      const { loadArchive } = await import('../images/load/load-archive.ts');
      return await loadArchive(this.#store, request, { report, signal });
    });
  }

  /**
   * Makes an image of one layer from a tar of a filesystem. Durable and named when it resolves. Throws
   * ERR_REFERENCE_INVALID, ERR_CHANGE_INVALID, ERR_ARCHIVE_UNREADABLE, and what unpacking throws.
   */
  importImage(request: ImportRequest): Operation<ImportEvent, ImportResult> {
    return storing(this.#store, request, async (report, signal) => {
      const { importArchive } = await import('./images/import-archive.ts');
      return await importArchive(this.#store, request, { report, signal });
    });
  }

  /**
   * Makes an image of what a container changed, on top of its own, which stays as it is. Durable and named when it
   * resolves. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS, ERR_CONTAINER_PAUSE, ERR_CONTAINER_CHANGED,
   * ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_CHANGE_INVALID.
   */
  commit(request: CommitRequest): Operation<CommitEvent, CommitResult> {
    return storing(this.#store, request, async (report, signal) => {
      const { commitContainer } = await import('./images/commit-container.ts');
      return await commitContainer(this.#store, request, { report, signal });
    });
  }

  /**
   * Writes all files a container shows into one tar, the same bytes for the same files. Throws ERR_CONTAINER_NOT_FOUND,
   * ERR_CONTAINER_AMBIGUOUS, ERR_CONTAINER_CHANGED, ERR_LAYER_SOURCE_CHANGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  export(request: ExportRequest): Operation<ExportEvent, ExportResult> {
    return new Operation(async (report, signal) => {
      const { exportContainer } = await import('./containers/verbs/export.ts');
      return await exportContainer(this.#store, request, { report, signal });
    }, request);
  }

  /**
   * Writes images into one archive, the same bytes each time; every layer is verified on its way. Throws
   * ERR_IMAGE_NOT_FOUND, ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  save(request: SaveRequest): Operation<SaveEvent, SaveResult> {
    return new Operation(async (report, signal) => {
      const { saveArchive } = await import('../images/save/save-archive.ts');
      return await saveArchive(this.#store, request, { report, signal });
    }, request);
  }

  /** What this machine and this store are like: driver and why not the others, kernel, runtime, known weaknesses. */
  info(): Promise<SystemInfo> {
    return performFrom(import('./system/system-info.ts'), async ({ systemInfo }) => {
      const containers = await this.containers.list({ all: true });
      return await systemInfo({
        wish: this.#wish,
        configuration: this.#configuration,
        images: this.#store.metadata.images.list().length,
        states: containers.map(({ state }) => state),
      });
    });
  }

  /**
   * Runs a container in the foreground, to its end. The operation's disposal kills it. A container that cannot be started
   * gives ERR_CONTAINER_START, with docker's exit code (125, 126, 127) in its details.
   */
  run(request: RunRequest): Operation<RunEvent, RunResult> {
    return new Operation(async (report, signal) => {
      const { runContainer } = await import('./containers/verbs/run.ts');
      try {
        return await runContainer(this.#store, request, { report, signal });
      } catch (error) {
        throw namedIfFull(firstCause(error), this.layout.root);
      }
    }, request);
  }

  /** Gives an image a further name, taken from whatever had it. Throws as `tagImage` of the images floor. */
  tag(source: string, target: string): Promise<TaggedImage> {
    return performFrom(import('../images/tag-image.ts'), ({ tagImage }) =>
      tagImage(this.#store.metadata, source, target, hostPlatform()),
    );
  }

  /**
   * Removes a name of an image, or the image with all that only it held; quick, whatever its size. Refuses what a
   * container uses (ERR_IMAGE_IN_USE). The build cache stays.
   */
  removeImage(request: RemoveImageRequest): Promise<RemovedImages> {
    return performFrom(import('./images/remove.ts'), ({ removeImage }) => removeImage(this.#store, request), request);
  }

  /** Removes images without names, or with `all` every image, that no container uses. The build cache stays. */
  pruneImages(request: PruneImagesRequest = {}): Promise<RemovedImages> {
    return performFrom(import('./images/remove.ts'), ({ pruneImages }) => pruneImages(this.#store, request), request);
  }

  /** Removes containers in which nothing runs, with their writable layers. */
  pruneContainers(request: PruneContainersRequest = {}): Promise<PrunedContainers> {
    return performFrom(
      import('./containers/verbs/prune.ts'),
      ({ pruneContainers }) => pruneContainers(this.#store, request),
      request,
    );
  }

  /** Results of build steps that later builds may take, and what each takes of the disk. */
  buildCache(options: AbortOptions = {}): Promise<CachedStep[]> {
    return performFrom(
      import('./builder/prune-cache.ts'),
      ({ buildCacheSteps }) => buildCacheSteps(this.#store, options),
      options,
    );
  }

  /** Forgets results of build steps: those no image stands on, or with `all` every one. Images stay as they are. */
  pruneBuildCache(request: PruneBuildCacheRequest = {}): Promise<PrunedBuildCache> {
    return performFrom(
      import('./builder/prune-cache.ts'),
      ({ pruneBuildCache }) => pruneBuildCache(this.#store, request),
      request,
    );
  }

  /** What the store takes of the disk, and for what; reads every folder, so it can take seconds. */
  diskUsage(options: AbortOptions = {}): Promise<DiskUsage> {
    return perform(async () => {
      const [{ diskUsage }, { reconcileContainers }] = await Promise.all([
        import('./system/disk-usage.ts'),
        import('./containers/state/reconcile.ts'),
      ]);
      await reconcileContainers(this.#store, options);
      return await diskUsage(this.#store, options);
    }, options);
  }

  /** Compares everything the store holds with what it should be. Reads every byte, changes nothing. */
  check(options: AbortOptions = {}): Operation<Checked, CheckResult> {
    return new Operation(async (report, signal) => {
      const { checkStore } = await import('./system/check-store.ts');
      return await checkStore(this.#store, { report, signal });
    }, options);
  }

  /** Removes what nothing names and nobody uses: leftovers of killed processes, trash. Images and build cache stay. */
  collectGarbage(
    options: AbortOptions = {},
  ): Operation<never, { readonly removed: number; readonly warnings: readonly string[] }> {
    return new Operation(async (_report, signal) => {
      const { collectGarbage } = await import('../store/garbage/collect.ts');
      const { removed, warnings } = await collectGarbage(this.#store, { signal });
      return { removed: removed.length, warnings };
    }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await perform(async () => await this.#store[Symbol.asyncDispose]());
  }
}
