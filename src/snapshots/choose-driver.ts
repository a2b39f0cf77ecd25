import { type DriverChoice, findingsOf } from './driver-choice.ts';
import { optionsFor } from './driver-options.ts';
import { heldDrivers, hiddenSnapshots } from './held-drivers.ts';
import { ProbePlace } from './probe-place.ts';
import type { DriverProbe, StorageDriver } from './storage-driver.ts';
import { type DriverWish, driverCannotWork, tableOf, wishedDriver } from './wished-driver.ts';

export interface ChooseDriverOptions extends DriverWish {
  /** In a user namespace that maps root to somebody else: overlayfs marks are `user.` xattrs. */
  readonly rootless?: boolean | undefined;
}

/**
 * Picks the driver for a store by trying what it needs in the store's own directory, and tells why not the others. The
 * user's wish counts first; then the first of the table that works, unless the store holds snapshots of one other only.
 * Makes the root when it is absent.
 * Rejects with ERR_STORAGE_DRIVER_UNKNOWN; ERR_STORAGE_DRIVER_UNSUPPORTED when the wished driver, or none, can work there;
 * ERR_STORAGE_ROOT_UNUSABLE when nothing can be written there.
 */
export async function chooseDriver(options: ChooseDriverOptions): Promise<DriverChoice> {
  const table = tableOf(options);
  const wish = wishedDriver(options);
  using place = new ProbePlace(options.root, options.rootless ?? false);
  const held = heldDrivers(options.root, table);
  const trials = new Trials(place, options);
  const first = await trials.firstOf(wish === undefined ? table.drivers : [wish]);
  if (first === undefined) {
    const elsewhere = 'put the root on another filesystem, such as ext4 or xfs.';
    const hint = wish === undefined ? `Nothing works there: ${elsewhere}` : `Use another driver, or ${elsewhere}`;
    throw driverCannotWork(wish?.name ?? 'any', trials.failures().join('; '), hint);
  }
  const [only, second] = held;
  const keeps = wish === undefined && only !== undefined && second === undefined && (await trials.of(only)).works;
  const driver = keeps ? only : first;
  const { reason, warnings } = await trials.of(driver);
  const found = { wish, first, driver, reason, trials };
  return {
    driver: driver.name,
    findings: findingsOf(table, driver, (each) => reasonFor(each, found)),
    warnings: [
      ...(driver === first ? priceOf(found) : []),
      ...warnings,
      ...hiddenSnapshots(options.root, table, driver.name),
    ],
  };
}

/** What was tried, each once. */
class Trials {
  readonly #place: ProbePlace;
  readonly #wish: Pick<DriverWish, 'options'>;
  readonly #done = new Map<StorageDriver, DriverProbe>();

  constructor(place: ProbePlace, wish: Pick<DriverWish, 'options'>) {
    this.#place = place;
    this.#wish = wish;
  }

  async of(driver: StorageDriver): Promise<DriverProbe> {
    const probe = this.#done.get(driver) ?? (await driver.probe(this.#place, optionsFor(driver, this.#wish)));
    this.#done.set(driver, probe);
    return probe;
  }

  /** Returns the first that works. */
  async firstOf(drivers: readonly StorageDriver[]): Promise<StorageDriver | undefined> {
    for (const driver of drivers) if ((await this.of(driver)).works) return driver;
    return undefined;
  }

  failureOf(driver: StorageDriver): string | undefined {
    const probe = this.#done.get(driver);
    return probe?.works === false ? probe.reason : undefined;
  }

  /** Why drivers do not work, each reason once. */
  failures(): string[] {
    return [...new Set([...this.#done.keys()].flatMap((driver) => this.failureOf(driver) ?? []))];
  }
}

interface Found {
  readonly wish: StorageDriver | undefined;
  /** The first of the table that works. */
  readonly first: StorageDriver;
  readonly driver: StorageDriver;
  /** Why it works. */
  readonly reason: string;
  readonly trials: Trials;
}

function reasonFor(each: StorageDriver, { wish, first, driver, reason, trials }: Found): string {
  const failure = trials.failureOf(each);
  if (failure !== undefined) return failure;
  if (wish !== undefined) return `${wish.name} was asked for`;
  const holds = 'holds the snapshots of this store';
  if (driver !== first) return each === driver ? holds : `${driver.name} ${holds}`;
  return each === driver ? reason : (each.drawback ?? `${driver.name} is preferred`);
}

/** Says what a driver costs that nobody asked for. */
function priceOf({ wish, driver, trials }: Found): string[] {
  const failures = trials.failures();
  if (wish !== undefined || driver.drawback === undefined || failures.length === 0) return [];
  return [`storage driver ${driver.name} is used, which ${driver.drawback}: ${failures.join('; ')}`];
}
