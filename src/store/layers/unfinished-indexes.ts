import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Lease } from '../../ledger/types.ts';
import type { Leases } from '../../metadata/leases.ts';

/** What the name of a layer index begins with until it is whole and known: whose it is stands in it. */
export const unfinishedIndexName = ({ id }: Pick<Lease, 'id'>, name: string): string => `.new-${id}-${name}`;

const unfinished = /^\.new-([0-9a-f]+)-/;

/** Removes from the folder of indexes what killed processes were writing. Safe beside those that write. */
export function removeUnfinishedIndexes(folder: string, leases: Leases): void {
  // Files first: whoever makes one has recorded his lease before.
  const owners = Map.groupBy(readdirSync(folder), (name) => unfinished.exec(name)?.[1]);
  owners.delete(undefined);
  if (owners.size === 0) return;
  for (const { id } of leases.list()) owners.delete(id);
  for (const names of owners.values()) for (const name of names) rmSync(join(folder, name), { force: true });
}
