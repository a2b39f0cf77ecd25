import type { AbortOptions } from '../../lib/abort.ts';
import { compileFilters, Filters, type FilterTable } from '../../query/filters.ts';
import { untilFilter } from '../../query/until-filter.ts';
import { discardTransfer, listTransfers, type UnfinishedTransfer } from '../../store/garbage/transfers.ts';
import type { Store } from '../../store/store.ts';

/** Options of `system.pruneTransfers`. */
export interface PruneTransfersRequest extends AbortOptions {
  /** `until`: only transfers that received no byte since this time. */
  readonly filters?: Filters;
}

/** Result of `system.pruneTransfers`. */
export interface PrunedTransfers {
  /** Refs of the discarded transfers. */
  readonly deleted: readonly string[];
  /** Freed bytes, in allocated blocks. */
  readonly reclaimedBytes: number;
}

/** Discards unfinished transfers, except for those that are being written. Throws ERR_FILTER_INVALID, ERR_TIME_INVALID. */
export async function pruneTransfers(
  store: Store,
  { signal, filters = Filters.fromFlags([]) }: PruneTransfersRequest,
): Promise<PrunedTransfers> {
  const isSelected = compileFilters(filters, transferFilters(new Date()));
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const transfer of listTransfers(store).filter(isSelected)) {
    signal?.throwIfAborted();
    if (!(await discardTransfer(store, transfer))) continue;
    deleted.push(transfer.ref);
    reclaimedBytes += transfer.storedBytes;
  }
  return { deleted, reclaimedBytes };
}

const transferFilters = (now: Date): FilterTable<UnfinishedTransfer> => ({
  until: untilFilter(({ writtenAt }) => writtenAt, now),
});
