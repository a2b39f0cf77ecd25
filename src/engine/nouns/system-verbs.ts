import type { Checked } from '../../images/check/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { UnfinishedTransfer } from '../../store/garbage/transfers.ts';
import type { Calls } from '../calls.ts';
import type { Operation } from '../operation.ts';
import type { CheckResult } from '../system/check-store.ts';
import type { CollectedStore } from '../system/collect-store.ts';
import type { PrunedTransfers, PruneTransfersRequest } from '../system/prune-transfers.ts';
import type { SystemInfo, SystemInfoInput } from '../system/system-info.ts';
import type { DiskUsage } from '../system/usage-types.ts';

/**
 * Information on the store as a whole and on the machine, checks, and garbage collection.
 *
 * ```ts
 * await using check = engine.system.check();
 * const { damages } = await check.result;
 * for (const { kind, key, problem } of damages) console.error(kind, key, problem);
 * ```
 */
export class SystemVerbs {
  readonly #calls: Calls;
  readonly #opened: SystemInfoInput;

  constructor(calls: Calls, opened: SystemInfoInput) {
    this.#calls = calls;
    this.#opened = opened;
  }

  /**
   * Returns the storage driver with the reasons against the others, the kernel's features, the runtime with its known
   * weaknesses, the configuration with the origin of each value, and warnings, a sentence each.
   */
  info(options: AbortOptions = {}): Promise<SystemInfo> {
    return this.#calls.call(
      () => import('../system/system-info.ts'),
      options,
      ({ systemInfo }, store, own) => systemInfo(store, this.#opened, own),
    );
  }

  /**
   * Returns the size of the store on disk by kind of content, in bytes of allocated blocks. Reads every directory, so it can
   * take seconds.
   */
  diskUsage(options: AbortOptions = {}): Promise<DiskUsage> {
    return this.#calls.call(
      () => import('../system/disk-usage.ts'),
      options,
      ({ diskUsage }, store, own) => diskUsage(store, own),
    );
  }

  /** Lists unfinished downloads and uploads, the longest unchanged first. */
  transfers(options: AbortOptions = {}): Promise<UnfinishedTransfer[]> {
    return this.#calls.call(
      () => import('../../store/garbage/transfers.ts'),
      options,
      async ({ listTransfers }, store) => listTransfers(store),
    );
  }

  /**
   * Discards unfinished downloads and uploads, except for those that are being written. Each can be started again.
   *
   * @throws ERR_FILTER_INVALID, ERR_TIME_INVALID.
   */
  pruneTransfers(request: PruneTransfersRequest = {}): Promise<PrunedTransfers> {
    return this.#calls.call(
      () => import('../system/prune-transfers.ts'),
      request,
      ({ pruneTransfers }, store, own) => pruneTransfers(store, own),
    );
  }

  /**
   * Compares all content of the store with its digests and records. Reads every byte and repairs nothing. Damage is part of
   * the result, not a rejection.
   */
  check(options: AbortOptions = {}): Operation<Checked, CheckResult> {
    return this.#calls.operation(
      () => import('../system/check-store.ts'),
      options,
      ({ checkStore }, store, control) => checkStore(store, control),
    );
  }

  /** Removes unreferenced files: leftovers of killed processes, and trash. Images and build cache stay. Idempotent. */
  collectGarbage(options: AbortOptions = {}): Operation<never, CollectedStore> {
    return this.#calls.operation(
      () => import('../system/collect-store.ts'),
      options,
      ({ collectStore }, store, control) => collectStore(store, control),
    );
  }
}
