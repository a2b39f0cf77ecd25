import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { ifThere } from '../sys/if-there.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/** Returns the drivers that have snapshots in a store. Throws ERR_STORAGE_ROOT_UNUSABLE for another user's store. */
export const driversWithSnapshots = (root: string, { drivers }: DriverTable): StorageDriver[] =>
  drivers.filter(({ name }) => isFilled(root, name));

/** Returns a warning for each driver other than `inUse` that has snapshots in a store. */
export function hiddenSnapshots(root: string, table: DriverTable, inUse: string): string[] {
  const isHidden = (name: string): boolean => name !== inUse && isFilled(root, name);
  const known = table.drivers.map(({ name }) => name);
  return [
    ...known.filter(isHidden).map((name) => `snapshots of storage driver ${name} in this store are not used`),
    ...foldersOf(join(root, 'snapshots'))
      .filter((name) => !known.includes(name) && isHidden(name))
      .map((name) => `snapshots of storage driver ${name} in this store cannot be used: ${missingHere}`),
  ];
}

/** Reason why snapshots of a driver outside the table cannot be used. */
export const missingHere = 'this program does not have that driver';

const foldersOf = (directory: string): string[] =>
  (ifThere(() => readdirSync(directory, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

function isFilled(root: string, name: string): boolean {
  try {
    // Names of probes begin with a dot.
    return readdirSync(join(root, 'snapshots', name)).some((entry) => !entry.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) === 'EACCES') throw otherUsersStore(root, error);
    throw error;
  }
}

const otherUsersStore = (root: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_STORAGE_ROOT_UNUSABLE',
    message: `root ${root}: belongs to another user`,
    hint: 'Run this as root, or choose another folder for the store.',
    cause,
  });
