import { type DriverChoice, findingsOf } from './driver-choice.ts';
import { optionsFor } from './driver-options.ts';
import { driversWithSnapshots, hiddenSnapshots } from './drivers-with-snapshots.ts';
import { ProbeEnvironment } from './probe-environment.ts';
import { type DriverRequest, driverCannotWork, findRequestedDriver, tableOf } from './requested-driver.ts';
import type { DriverProbe, StorageDriver } from './storage-driver.ts';

export interface ChooseDriverOptions extends DriverRequest {
  /** True in a user namespace that maps root to another user: overlayfs marks are then `user.` xattrs. */
  readonly rootless?: boolean | undefined;
}

/**
 * Chooses the driver for a store by probing the drivers in the store's own directory, and reports the reason against
 * each of the others. A requested driver has priority; then the first of the table that works, unless the store holds
 * snapshots of exactly one other driver. Creates a missing root. Rejects with ERR_STORAGE_DRIVER_UNKNOWN;
 * ERR_STORAGE_DRIVER_UNSUPPORTED when the requested driver, or every driver, fails there; ERR_STORAGE_ROOT_UNUSABLE
 * when the root is not writable.
 */
export async function chooseDriver(options: ChooseDriverOptions): Promise<DriverChoice> {
  const table = tableOf(options);
  const requested = findRequestedDriver(options);
  using environment = new ProbeEnvironment(options.root, options.rootless ?? false);
  const held = driversWithSnapshots(options.root, table);
  const trials = new Trials(environment, options);
  const first = await trials.firstOf(requested === undefined ? table.drivers : [requested]);
  if (first === undefined) {
    const elsewhere = 'put the root on another filesystem, such as ext4 or xfs.';
    const hint =
      requested === undefined ? `No driver works there: ${elsewhere}` : `Use another driver, or ${elsewhere}`;
    throw driverCannotWork(requested?.name ?? 'any', trials.failures().join('; '), hint);
  }
  const [only, second] = held;
  const keeps = requested === undefined && only !== undefined && second === undefined && (await trials.of(only)).works;
  const driver = keeps ? only : first;
  const { reason, warnings } = await trials.of(driver);
  const found = { requested, first, driver, reason, trials };
  return {
    driver: driver.name,
    findings: findingsOf(table, driver, (each) => reasonFor(each, found)),
    warnings: [
      ...(driver === first ? warnOfDrawback(found) : []),
      ...warnings,
      ...hiddenSnapshots(options.root, table, driver.name),
    ],
  };
}

/** Probes drivers, each once. */
class Trials {
  readonly #environment: ProbeEnvironment;
  readonly #request: Pick<DriverRequest, 'options'>;
  readonly #done = new Map<StorageDriver, DriverProbe>();

  constructor(environment: ProbeEnvironment, request: Pick<DriverRequest, 'options'>) {
    this.#environment = environment;
    this.#request = request;
  }

  async of(driver: StorageDriver): Promise<DriverProbe> {
    const probe = this.#done.get(driver) ?? (await driver.probe(this.#environment, optionsFor(driver, this.#request)));
    this.#done.set(driver, probe);
    return probe;
  }

  /** Returns the first driver that works. */
  async firstOf(drivers: readonly StorageDriver[]): Promise<StorageDriver | undefined> {
    for (const driver of drivers) if ((await this.of(driver)).works) return driver;
    return undefined;
  }

  failureOf(driver: StorageDriver): string | undefined {
    const probe = this.#done.get(driver);
    return probe?.works === false ? probe.reason : undefined;
  }

  /** Reasons why drivers do not work, each once. */
  failures(): string[] {
    return [...new Set([...this.#done.keys()].flatMap((driver) => this.failureOf(driver) ?? []))];
  }
}

interface Selection {
  readonly requested: StorageDriver | undefined;
  /** The first driver of the table that works. */
  readonly first: StorageDriver;
  readonly driver: StorageDriver;
  /** Reason for the choice. */
  readonly reason: string;
  readonly trials: Trials;
}

function reasonFor(each: StorageDriver, { requested, first, driver, reason, trials }: Selection): string {
  const failure = trials.failureOf(each);
  if (failure !== undefined) return failure;
  if (requested !== undefined) return `${requested.name} was requested`;
  const holds = 'holds the snapshots of this store';
  if (driver !== first) return each === driver ? holds : `${driver.name} ${holds}`;
  return each === driver ? reason : (each.drawback ?? `${driver.name} is preferred`);
}

/** Warns about the drawback of a driver that the user did not request. */
function warnOfDrawback({ requested, driver, trials }: Selection): string[] {
  const failures = trials.failures();
  if (requested !== undefined || driver.drawback === undefined || failures.length === 0) return [];
  return [`storage driver ${driver.name} is used, which ${driver.drawback}: ${failures.join('; ')}`];
}
