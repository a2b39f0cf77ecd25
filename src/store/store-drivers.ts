import type { AbortOptions } from '../lib/abort.ts';
import { Lazy } from '../lib/lazy.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { predictDriver } from '../snapshots/predict-driver.ts';
import type { DriverRequest } from '../snapshots/requested-driver.ts';
import type { OpenedSnapshotter } from '../snapshots/storage-driver.ts';
import { type OpenedDriver, openDriver, openDriverForReading, openOtherDrivers } from './open-driver.ts';

/** The drivers of an open store, each opened when it is first needed and closed with the store. */
export class StoreDrivers implements AsyncDisposable {
  readonly #request: DriverRequest;
  readonly #metadata: Metadata;
  readonly #inUse: Lazy<OpenedDriver>;
  /** Opened for reading, by name. Several, because another process may create the store with an unexpected driver. */
  readonly #expected = new Map<string, Lazy<OpenedDriver>>();
  /** Other drivers with snapshots, by the name of the driver in use. */
  readonly #others = new Map<string, Lazy<readonly OpenedSnapshotter[]>>();

  constructor(request: DriverRequest, metadata: Metadata) {
    this.#request = request;
    this.#metadata = metadata;
    this.#inUse = new Lazy(async () => await openDriver(request, metadata.snapshots));
  }

  /** See {@link Store.openDriver}. */
  async open(options?: AbortOptions): Promise<OpenedDriver> {
    return await this.#driver().get(options);
  }

  /** See {@link Store.openSnapshotters}. */
  async openAll(options?: AbortOptions): Promise<readonly OpenedSnapshotter[]> {
    const { name, snapshotter } = await this.open(options);
    const make = async (): Promise<readonly OpenedSnapshotter[]> =>
      await openOtherDrivers(this.#request, this.#metadata.snapshots, name);
    return [snapshotter, ...(await lazyOf(this.#others, name, make).get(options))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const drivers = [this.#inUse, ...this.#expected.values()];
    const opened = [
      ...(
        await Promise.all([...this.#others.values()].map(async (others) => (await others.getIfRequested()) ?? []))
      ).flat(),
      ...(await Promise.all(drivers.map(async (driver) => (await driver.getIfRequested())?.snapshotter ?? []))).flat(),
    ];
    for (const snapshotter of opened) await snapshotter[Symbol.asyncDispose]();
  }

  #driver(): Lazy<OpenedDriver> {
    if (this.#metadata.db.isWritable) return this.#inUse;
    const open = async (): Promise<OpenedDriver> => await openDriverForReading(this.#request, this.#metadata.snapshots);
    return lazyOf(this.#expected, predictDriver(this.#request).driver, open);
  }
}

function lazyOf<Value>(known: Map<string, Lazy<Value>>, key: string, make: () => Promise<Value>): Lazy<Value> {
  const lazy = known.get(key) ?? new Lazy(make);
  known.set(key, lazy);
  return lazy;
}
