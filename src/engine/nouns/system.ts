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
 * The store as a whole, and the machine under it.
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

  /** Returns what this machine and this store are like: driver and why not the others, kernel, runtime, known weaknesses. */
  info(options: AbortOptions = {}): Promise<SystemInfo> {
    return this.#calls.call(
      () => import('../system/system-info.ts'),
      options,
      ({ systemInfo }, store, own) => systemInfo(store, this.#opened, own),
    );
  }

  /** Returns what the store takes of the disk, and for what; reads every folder, so it can take seconds. */
  diskUsage(options: AbortOptions = {}): Promise<DiskUsage> {
    return this.#calls.call(
      () => import('../system/disk-usage.ts'),
      options,
      ({ diskUsage }, store, own) => diskUsage(store, own),
    );
  }

  /** Lists unfinished downloads and uploads, the longest untouched first. */
  transfers(options: AbortOptions = {}): Promise<UnfinishedTransfer[]> {
    return this.#calls.call(
      () => import('../../store/garbage/transfers.ts'),
      options,
      async ({ listTransfers }, store) => listTransfers(store),
    );
  }

  /** Discards unfinished downloads and uploads, except for those that are being written. */
  pruneTransfers(request: PruneTransfersRequest = {}): Promise<PrunedTransfers> {
    return this.#calls.call(
      () => import('../system/prune-transfers.ts'),
      request,
      ({ pruneTransfers }, store, own) => pruneTransfers(store, own),
    );
  }

  /** Compares everything the store holds with what it should be. Reads every byte, changes nothing. */
  check(options: AbortOptions = {}): Operation<Checked, CheckResult> {
    return this.#calls.operation(
      () => import('../system/check-store.ts'),
      options,
      ({ checkStore }, store, control) => checkStore(store, control),
    );
  }

  /** Removes what nothing names and nobody uses: leftovers of killed processes, trash. Images and build cache stay. */
  collectGarbage(options: AbortOptions = {}): Operation<never, CollectedStore> {
    return this.#calls.operation(
      () => import('../system/collect-store.ts'),
      options,
      ({ collectStore }, store, control) => collectStore(store, control),
    );
  }
}
