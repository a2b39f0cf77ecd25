import type { SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';

const label = 'strata.amends';

/**
 * Labels for `prepare` of a snapshot that amends its parent: what the two add is one layer, and every deletion in this
 * one is of a file that the parent added. A parent that is amended amends nothing itself. Keep the labels.
 */
export const amendmentLabels: Readonly<Record<string, string>> = { [label]: 'parent' };

/** Returns labels for a snapshot that has all of a layer's files itself. */
export const withoutAmendment = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label));

/** Returns the ID of the snapshot that this one amends; undefined when it is a layer by itself. */
export const amendedId = ({ labels, parentId }: Pick<SnapshotRecord, 'labels' | 'parentId'>): string | undefined =>
  labels[label] === undefined ? undefined : parentId;

/** Returns the IDs of the snapshots that a layer consists of; `id` is the topmost of them and comes first. */
export function layerSnapshots(id: string, ledger: Pick<SnapshotLedger, 'get'>): string[] {
  const record = ledger.get(id);
  const amended = record && amendedId(record);
  return amended === undefined ? [id] : [id, amended];
}

/** Returns the topmost snapshot of each layer, from `top` down to the base. */
export function layerChain(top: string, ledger: Pick<SnapshotLedger, 'get'>): string[] {
  const line: string[] = [];
  for (let id: string | undefined = top; id !== undefined; id = snapshotBelow(id, ledger)) line.push(id);
  return line;
}

/** Returns the topmost snapshot of the layer below. */
export function snapshotBelow(id: string, ledger: Pick<SnapshotLedger, 'get'>): string | undefined {
  const lowest = layerSnapshots(id, ledger).at(-1);
  return lowest === undefined ? undefined : ledger.get(lowest)?.parentId;
}
