import type { SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';

const label = 'strata.amends';

/**
 * Labels of a snapshot that amends the one it is prepared on: what the two add is one layer, and what this one deletes
 * was added by the other. To be given to `prepare`, and kept. An amended snapshot amends nothing itself.
 */
export const amendmentLabels: Readonly<Record<string, string>> = { [label]: 'parent' };

/** Labels for a snapshot that has all of a layer's files itself. */
export const withoutAmendment = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label));

/** The snapshot that this one amends; undefined when it is a layer by itself. */
export const amendedId = ({ labels, parentId }: Pick<SnapshotRecord, 'labels' | 'parentId'>): string | undefined =>
  labels[label] === undefined ? undefined : parentId;

/** The snapshots a layer consists of, the amending one first; `id` is that. */
export function layerSnapshots(id: string, ledger: Pick<SnapshotLedger, 'get'>): string[] {
  const record = ledger.get(id);
  const amended = record && amendedId(record);
  return amended === undefined ? [id] : [id, amended];
}

/** The snapshots that stand for a layer each, the topmost first. */
export function layerLine(top: string, ledger: Pick<SnapshotLedger, 'get'>): string[] {
  const line: string[] = [];
  for (let id: string | undefined = top; id !== undefined; id = snapshotBelow(id, ledger)) line.push(id);
  return line;
}

/** The snapshot of the layer below. */
export function snapshotBelow(id: string, ledger: Pick<SnapshotLedger, 'get'>): string | undefined {
  const lowest = layerSnapshots(id, ledger).at(-1);
  return lowest === undefined ? undefined : ledger.get(lowest)?.parentId;
}
