import { LocalContentStore } from '../content/local/store.ts';
import { ObjectLocks } from '../content/object-locks.ts';
import { firstCause } from '../errors/index.ts';
import type { Checked } from '../images/check/types.ts';
import type { ImageStore } from '../images/record-image.ts';
import type { TaggedImage } from '../images/tag-image.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { StoreLease } from '../metadata/leases.ts';
import { Metadata } from '../metadata/metadata.ts';
import { TrackedBlobs, TrackedContentStore } from '../metadata/tracked-content.ts';
import { expectedDriver } from '../snapshots/expected-driver.ts';
import type { DriverTable } from '../snapshots/storage-driver.ts';
import type { DriverWish } from '../snapshots/wished-driver.ts';
import type { CachedStep } from './builder/cache-usage.ts';
import type { PruneBuildCacheRequest, PrunedBuildCache } from './builder/prune-cache.ts';
import type { BuildEvent, BuildRequest, BuildResult } from './builder/types.ts';
import { ContainerVerbs } from './containers/containers.ts';
import type { ContainerParts } from './containers/state/parts.ts';
import type { ExportEvent, ExportRequest, ExportResult } from './containers/verbs/export-types.ts';
import type { PruneContainersRequest, PrunedContainers } from './containers/verbs/prune.ts';
import type { RunEvent, RunRequest, RunResult } from './containers/verbs/run-types.ts';
import type { GarbageParts } from './garbage.ts';
import type { CommitEvent, CommitRequest, CommitResult } from './images/commit-types.ts';
import type { ImportEvent, ImportRequest, ImportResult } from './images/import-types.ts';
import type { LoadEvent, LoadRequest, LoadResult } from './images/load-types.ts';
import type { PruneImagesRequest, RemovedImages, RemoveImageRequest } from './images/remove.ts';
import type { SaveEvent, SaveRequest, SaveResult } from './images/save-types.ts';
import { type ImageReader, ImageViews } from './images/views.ts';
import { chooseRoot, findLayout, makeLayout, type StoreLayout } from './layout.ts';
import { openDriver, openDriverToLook, type StorageDriver } from './open-driver.ts';
import { Operation } from './operation.ts';
import { perform, performFrom } from './perform.ts';
import { namedIfFull, type StoreToWrite, storing } from './storing.ts';
import type { CheckResult } from './system/check-store.ts';
import type { SystemInfo } from './system/system-info.ts';
import type { DiskUsage } from './system/usage-types.ts';
import { hostPlatform } from './versions.ts';

export interface EngineOptions extends AbortOptions {
  /** Where the store lies; default `STRATA_ROOT`, else `/var/lib/strata`. Made by what is first written. */
  readonly root?: string;
  /** The name of a storage driver, or `auto` (default). */
  readonly storageDriver?: string;
  /** The drivers to choose among, for a program that brings its own. Default: those of Strata. */
  readonly storageDrivers?: DriverTable;
  /**
   * The calling program is nothing but this engine's face (the command): mounts for containers may then be made in a
   * private mount namespace of its main thread, instead of a worker's.
   */
  readonly ownProcess?: boolean;
}

interface EngineParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly content: LocalContentStore;
  readonly locks: ObjectLocks;
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
  readonly #metadata: Metadata;
  readonly #content: LocalContentStore;
  readonly #locks: ObjectLocks;
  #driver: StorageDriver | undefined;
  readonly #ownProcess: boolean;
  readonly #wish: DriverWish;
  readonly #reader: ImageReader;

  private constructor(parts: EngineParts, options: EngineOptions) {
    const { metadata, content } = parts;
    this.layout = parts.layout;
    this.#metadata = metadata;
    this.#content = content;
    this.#locks = parts.locks;
    this.#ownProcess = options.ownProcess ?? false;
    this.#wish = wishOf(options, this.layout);
    const { images, tags, targets, db } = metadata;
    const reader = { images, tags, targets, db, content: new TrackedBlobs(content, metadata.blobs) };
    this.#reader = reader;
    this.images = new ImageViews(reader, metadata, () => this.#openDriver(), hostPlatform());
    this.containers = new ContainerVerbs(this.#containerParts());
  }

  /**
   * Opens a store for looking, which changes nothing; what is first written makes it when there is none. Throws ERR_STORAGE_ROOT_UNUSABLE, ERR_STORAGE_DRIVER_UNKNOWN,
   * ERR_STORAGE_DRIVER_UNSUPPORTED, ERR_STORE_NEWER and what the filesystem says.
   */
  static open(options: EngineOptions = {}): Promise<Engine> {
    return perform(async () => Engine.#open(options));
  }

  static #open(options: EngineOptions): Engine {
    const layout = findLayout(chooseRoot(options.root, process.env));
    const locks = new ObjectLocks(layout.locks);
    const content = LocalContentStore.openToLook({ directory: layout.content, locks, trashDirectory: layout.trash });
    expectedDriver(wishOf(options, layout));
    const metadata = Metadata.openToLook({
      database: layout.database,
      locksDirectory: layout.locks,
      isAlone: options.ownProcess,
      prepare: () => {
        makeLayout(layout);
        content.prepare();
      },
    });
    return new Engine({ layout, metadata, content, locks }, options);
  }

  /** Builds an image from a folder with a Dockerfile. The result is durable when it resolves. */
  build(request: BuildRequest): Operation<BuildEvent, BuildResult> {
    return storing(this.#storeToWrite(), request, async (report, signal) => {
      const { runBuild } = await import('./builder/run-build.ts');
      return await runBuild(request, { ...this.#writingParts(), ownProcess: this.#ownProcess }, report, signal);
    });
  }

  /**
   * Stores the images of an archive (docker's or an OCI layout; a file, a stream or a folder), all of them or none. They
   * are durable and named when it resolves. Throws ERR_ARCHIVE_*, and what unpacking throws.
   */
  load(request: LoadRequest): Operation<LoadEvent, LoadResult> {
    return storing(this.#storeToWrite(), request, async (report, signal) => {
      const { loadArchive } = await import('./images/load-archive.ts');
      return await loadArchive(request, this.#writingParts(), report, signal);
    });
  }

  /**
   * Makes an image of one layer from a tar of a filesystem. Durable and named when it resolves. Throws
   * ERR_REFERENCE_INVALID, ERR_CHANGE_INVALID, ERR_ARCHIVE_UNREADABLE, and what unpacking throws.
   */
  importImage(request: ImportRequest): Operation<ImportEvent, ImportResult> {
    return storing(this.#storeToWrite(), request, async (report, signal) => {
      const { importArchive } = await import('./images/import-archive.ts');
      return await importArchive(request, this.#writingParts(), report, signal);
    });
  }

  /**
   * Makes an image of what a container changed, on top of its own, which stays as it is. Durable and named when it
   * resolves. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS, ERR_CONTAINER_PAUSE, ERR_CONTAINER_CHANGED,
   * ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_CHANGE_INVALID.
   */
  commit(request: CommitRequest): Operation<CommitEvent, CommitResult> {
    return storing(this.#storeToWrite(), request, async (report, signal) => {
      const { commitContainer } = await import('./images/commit-container.ts');
      return await commitContainer(request, this.#writingParts(), report, signal);
    });
  }

  /**
   * Writes all files a container shows into one tar, the same bytes for the same files. Throws ERR_CONTAINER_NOT_FOUND,
   * ERR_CONTAINER_AMBIGUOUS, ERR_CONTAINER_CHANGED, ERR_LAYER_SOURCE_CHANGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  export(request: ExportRequest): Operation<ExportEvent, ExportResult> {
    return new Operation(async (report, signal) => {
      const { exportContainer } = await import('./containers/verbs/export.ts');
      return await exportContainer(request, this.#garbageParts(), report, signal);
    }, request);
  }

  /**
   * Writes images into one archive, the same bytes each time; every layer is verified on its way. Throws
   * ERR_IMAGE_NOT_FOUND, ERR_LAYER_ABSENT, ERR_LAYER_DAMAGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  save(request: SaveRequest): Operation<SaveEvent, SaveResult> {
    return new Operation(async (report, signal) => {
      const { saveArchive } = await import('./images/save-archive.ts');
      return await saveArchive(request, this.#writingParts(), report, signal);
    }, request);
  }

  /** What this machine and this store are like: driver and why not the others, kernel, runtime, known weaknesses. */
  info(): Promise<SystemInfo> {
    return performFrom(import('./system/system-info.ts'), async ({ systemInfo }) => {
      const containers = await this.containers.list({ all: true });
      return await systemInfo({
        wish: this.#wish,
        images: this.#metadata.images.list().length,
        states: containers.map(({ state }) => state),
      });
    });
  }

  /**
   * Runs a container in the foreground, to its end. The operation's disposal kills it. A container that cannot be started
   * gives ERR_CONTAINER_START, with docker's exit code (125, 126, 127) in its details.
   */
  run(request: RunRequest): Operation<RunEvent, RunResult> {
    const parts = this.#containerParts();
    return new Operation(async (report, signal) => {
      const { runContainer } = await import('./containers/verbs/run.ts');
      try {
        return await runContainer(request, parts, report, signal);
      } catch (error) {
        throw namedIfFull(firstCause(error), this.layout.root);
      }
    }, request);
  }

  /** Gives an image a further name, taken from whatever had it. Throws as `tagImage` of the images floor. */
  tag(source: string, target: string): Promise<TaggedImage> {
    return performFrom(import('../images/tag-image.ts'), ({ tagImage }) =>
      tagImage(this.#reader, source, target, hostPlatform()),
    );
  }

  /**
   * Removes a name of an image, or the image with all that only it held; quick, whatever its size. Refuses what a
   * container uses (ERR_IMAGE_IN_USE). The build cache stays.
   */
  removeImage(request: RemoveImageRequest): Promise<RemovedImages> {
    return performFrom(import('./images/remove.ts'), ({ removeImage }) => removeImage(this.#garbageParts(), request));
  }

  /** Removes images without names, or with `all` every image, that no container uses. The build cache stays. */
  pruneImages(request: PruneImagesRequest = {}): Promise<RemovedImages> {
    return performFrom(import('./images/remove.ts'), ({ pruneImages }) => pruneImages(this.#garbageParts(), request));
  }

  /** Removes containers in which nothing runs, with their writable layers. */
  pruneContainers(request: PruneContainersRequest = {}): Promise<PrunedContainers> {
    return performFrom(import('./containers/verbs/prune.ts'), ({ pruneContainers }) =>
      pruneContainers(this.#garbageParts(), request),
    );
  }

  /** Results of build steps that later builds may take, and what each takes of the disk. */
  buildCache(options: AbortOptions = {}): Promise<CachedStep[]> {
    return performFrom(import('./builder/prune-cache.ts'), ({ buildCacheSteps }) =>
      buildCacheSteps(this.#garbageParts(), options),
    );
  }

  /** Forgets results of build steps: those no image stands on, or with `all` every one. Images stay as they are. */
  pruneBuildCache(request: PruneBuildCacheRequest = {}): Promise<PrunedBuildCache> {
    return performFrom(import('./builder/prune-cache.ts'), ({ pruneBuildCache }) =>
      pruneBuildCache(this.#garbageParts(), request),
    );
  }

  /** What the store takes of the disk, and for what; reads every folder, so it can take seconds. */
  diskUsage(options: AbortOptions = {}): Promise<DiskUsage> {
    return perform(async () => {
      const [{ diskUsage }, { reconcileContainers }] = await Promise.all([
        import('./system/disk-usage.ts'),
        import('./containers/state/reconcile.ts'),
      ]);
      await reconcileContainers(this.#containerParts(), options);
      return await diskUsage(this.layout, this.#metadata, options);
    });
  }

  /** Compares everything the store holds with what it should be. Reads every byte, changes nothing. */
  check(options: AbortOptions = {}): Operation<Checked, CheckResult> {
    return new Operation(async (report, signal) => {
      const { checkStore } = await import('./system/check-store.ts');
      return await checkStore(this.#garbageParts(), report, { signal });
    }, options);
  }

  /** Removes what nothing names and nobody uses: leftovers of killed processes, trash. Images and build cache stay. */
  collectGarbage(
    options: AbortOptions = {},
  ): Operation<never, { readonly removed: number; readonly warnings: readonly string[] }> {
    return new Operation(async (_report, signal) => {
      const { collectGarbage } = await import('./garbage.ts');
      const { removed, warnings } = await collectGarbage(this.#garbageParts(), { signal });
      return { removed: removed.length, warnings };
    }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver?.snapshotter[Symbol.asyncDispose]();
    this.#metadata[Symbol.dispose]();
  }

  /** Which one is settled by the first who stores something: trials make files, and mount. */
  #openDriver(): StorageDriver {
    if (this.#driver !== undefined) return this.#driver;
    const { db, snapshots } = this.#metadata;
    const open = db.isWritable ? openDriver : openDriverToLook;
    const driver = open(this.#wish, snapshots);
    if (db.isWritable) this.#driver = driver;
    return driver;
  }

  #containerParts(): ContainerParts {
    const garbage = this.#garbageParts();
    return {
      layout: this.layout,
      metadata: this.#metadata,
      reader: this.#reader,
      get driver() {
        return garbage.driver;
      },
      garbage,
      ownProcess: this.#ownProcess,
    };
  }

  #garbageParts(): GarbageParts {
    const driver = (): StorageDriver => this.#openDriver();
    return {
      layout: this.layout,
      metadata: this.#metadata,
      content: this.#content,
      locks: this.#locks,
      get driver() {
        return driver();
      },
    };
  }

  #storeToWrite(): StoreToWrite {
    return { layout: this.layout, openForWriting: () => this.#metadata.db.openForWriting() };
  }

  #storeFor(lease: StoreLease): ImageStore {
    const { images, tags, targets, db } = this.#metadata;
    const content = new TrackedContentStore(this.#content, this.#metadata, lease);
    return { images, tags, targets, content, db };
  }

  #writingParts(): { readonly garbage: GarbageParts; readonly storeFor: (lease: StoreLease) => ImageStore } {
    return { garbage: this.#garbageParts(), storeFor: (lease) => this.#storeFor(lease) };
  }
}

const wishOf = ({ storageDriver, storageDrivers }: EngineOptions, { root }: StoreLayout): DriverWish => ({
  root,
  driver: storageDriver === 'auto' ? undefined : storageDriver,
  table: storageDrivers,
});
