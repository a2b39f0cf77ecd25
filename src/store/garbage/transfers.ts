import { statfsSync } from 'node:fs';
import type { AbortOptions } from '../../lib/abort.ts';
import type { TransferRecord } from '../../metadata/transfers.ts';
import type { Store } from '../store.ts';

/** An unfinished download or upload, and what it takes of the disk. */
export interface UnfinishedTransfer extends TransferRecord {
  /** Allocated blocks. */
  readonly storedBytes: number;
}

/** Bounds of what unfinished transfers may take: bytes that can be fetched again. */
export interface TransferLimits {
  readonly totalBytes: number;
  /** Since the last byte came. */
  readonly idleMs: number;
  /** Uploads may be begun that no byte of ever comes. */
  readonly count: number;
}

const limits: TransferLimits = { totalBytes: 10e9, idleMs: 7 * 24 * 60 * 60 * 1000, count: 10_000 };

/** The longest untouched first. */
export function listTransfers({ metadata, content }: Store): UnfinishedTransfer[] {
  const records = metadata.transfers.list();
  if (records.length === 0) return [];
  const sizes = content.ingestSizes();
  return records.map((record) => ({ ...record, storedBytes: sizes.get(content.ingestName(record.ref)) ?? 0 }));
}

/**
 * Discards the transfers, the longest untouched first, that are beyond the bounds or in the way of work while the disk is
 * short. One that is being written stays. Returns how many went.
 */
export async function trimTransfers(
  store: Store,
  { signal, totalBytes, idleMs, count }: AbortOptions & TransferLimits = limits,
): Promise<number> {
  const transfers = listTransfers(store);
  let left = transfers.reduce((total, { storedBytes }) => total + storedBytes, 0);
  let removed = 0;
  let isRoomWanted = transfers.length > 0 && isShort(store.layout.root);
  for (const transfer of transfers) {
    const { writtenAt, storedBytes, verifiedBytes } = transfer;
    signal?.throwIfAborted();
    const isTooMany = transfers.length - removed > count;
    const isBeyond = isTooMany || left > totalBytes || Date.now() - writtenAt > idleMs;
    // One of which nothing came yet gives none.
    const givesRoom = storedBytes + verifiedBytes > 0;
    if (!isBeyond && !(isRoomWanted && givesRoom)) continue;
    if (!(await discardTransfer(store, transfer))) continue;
    left -= storedBytes;
    removed++;
    isRoomWanted = isShort(store.layout.root);
  }
  return removed;
}

/** Discards an unfinished transfer. Returns false, and leaves it, when somebody writes it or has written it since it was listed. */
export async function discardTransfer(
  { metadata, content }: Store,
  { ref, writtenAt }: Pick<TransferRecord, 'ref' | 'writtenAt'>,
): Promise<boolean> {
  const remove = (): boolean => metadata.transfers.removeUntouched(ref, writtenAt);
  return await content.discardIngest(ref, () => metadata.db.transact(remove, { freesSpace: true }));
}

const shortBytes = 1 << 30;
const shortShare = 0.05;

/** Little enough is free that other work will want it. */
function isShort(root: string): boolean {
  const { blocks, bavail, bsize } = statfsSync(root);
  return bavail * bsize < Math.min(shortBytes, blocks * bsize * shortShare);
}
