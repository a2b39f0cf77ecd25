import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Lease } from '../../ledger/types.ts';
import type { Leases } from '../../metadata/leases.ts';

/** Returns the name of a layer index that is still being written; it contains the ID of its lease. */
export const unfinishedIndexName = ({ id }: Pick<Lease, 'id'>, name: string): string => `.new-${id}-${name}`;

const unfinished = /^\.new-([0-9a-f]+)-/;

/** Removes the unfinished indexes of killed processes. Safe beside processes that write some. */
export function removeUnfinishedIndexes(folder: string, leases: Leases): void {
  // Files are listed first: a lease is recorded before its files are created.
  const owners = Map.groupBy(readdirSync(folder), (name) => unfinished.exec(name)?.[1]);
  owners.delete(undefined);
  if (owners.size === 0) return;
  for (const { id } of leases.list()) owners.delete(id);
  for (const names of owners.values()) for (const name of names) rmSync(join(folder, name), { force: true });
}
