import { statfsSync } from 'node:fs';
import type { AbortOptions } from '../../lib/abort.ts';
import type { TransferRecord } from '../../metadata/transfers.ts';
import type { Store } from '../store.ts';

/** An unfinished download or upload, and its size on the disk. */
export interface UnfinishedTransfer extends TransferRecord {
  /** Allocated bytes. */
  readonly storedBytes: number;
}

/** Limits of unfinished transfers, whose bytes can be sent again. */
export interface TransferLimits {
  /** Allocated bytes of all transfers. */
  readonly totalBytes: number;
  /** Milliseconds since the last byte. */
  readonly idleMs: number;
  /** Number of transfers: an upload may be started and never receive a byte. */
  readonly count: number;
}

const limits: TransferLimits = { totalBytes: 10e9, idleMs: 7 * 24 * 60 * 60 * 1000, count: 10_000 };

/** Lists the unfinished transfers, the longest untouched first. */
export function listTransfers({ metadata, content }: Store): UnfinishedTransfer[] {
  const records = metadata.transfers.list();
  if (records.length === 0) return [];
  const sizes = content.ingestSizes();
  return records.map((record) => ({ ...record, storedBytes: sizes.get(content.ingestName(record.ref)) ?? 0 }));
}

/**
 * Discards the transfers above the limits, the longest untouched first, and further ones while the disk is short of
 * space. One that is being written stays. Returns how many were discarded.
 */
export async function trimTransfers(
  store: Store,
  { signal, totalBytes, idleMs, count }: AbortOptions & TransferLimits = limits,
): Promise<number> {
  const transfers = listTransfers(store);
  let left = transfers.reduce((total, { storedBytes }) => total + storedBytes, 0);
  let removed = 0;
  let isSpaceNeeded = transfers.length > 0 && isShortOfSpace(store.layout.root);
  for (const transfer of transfers) {
    const { writtenAt, storedBytes, verifiedBytes } = transfer;
    signal?.throwIfAborted();
    const isTooMany = transfers.length - removed > count;
    const isAboveLimits = isTooMany || left > totalBytes || Date.now() - writtenAt > idleMs;
    const hasBytes = storedBytes + verifiedBytes > 0;
    if (!isAboveLimits && !(isSpaceNeeded && hasBytes)) continue;
    if (!(await discardTransfer(store, transfer))) continue;
    left -= storedBytes;
    removed++;
    isSpaceNeeded = isShortOfSpace(store.layout.root);
  }
  return removed;
}

/** Discards an unfinished transfer. Returns false and keeps it when it is being written, or was since it was listed. */
export async function discardTransfer(
  { metadata, content }: Store,
  { ref, writtenAt }: Pick<TransferRecord, 'ref' | 'writtenAt'>,
): Promise<boolean> {
  const remove = (): boolean => metadata.transfers.removeUntouched(ref, writtenAt);
  return await content.discardIngest(ref, () => metadata.db.transact(remove, { freesSpace: true }));
}

const shortBytes = 1 << 30;
const shortShare = 0.05;

/** True when the disk has so little space left that other work will need it. */
function isShortOfSpace(root: string): boolean {
  const { blocks, bavail, bsize } = statfsSync(root);
  return bavail * bsize < Math.min(shortBytes, blocks * bsize * shortShare);
}
