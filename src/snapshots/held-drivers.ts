import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import { ifThere } from '../sys/if-there.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/** The drivers whose snapshots a store holds. Throws ERR_STORAGE_ROOT_UNUSABLE for another user's store. */
export const heldDrivers = (root: string, { drivers }: DriverTable): StorageDriver[] =>
  drivers.filter(({ name }) => isFilled(root, name));

/** What is to be told of snapshots in a store that are not of the driver in use, a sentence for each of their drivers. */
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

/** Why snapshots of a driver outside the table cannot be used. */
export const missingHere = 'this program does not have that driver';

const foldersOf = (directory: string): string[] =>
  (ifThere(() => readdirSync(directory, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

function isFilled(root: string, name: string): boolean {
  try {
    // Trials have names with a dot.
    return readdirSync(join(root, 'snapshots', name)).some((entry) => !entry.startsWith('.'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) === 'EACCES') throw notYours(root, error);
    throw error;
  }
}

const notYours = (root: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_STORAGE_ROOT_UNUSABLE',
    message: `root ${root}: belongs to another user`,
    hint: 'Run this as root, or choose another place for the store.',
    cause,
  });
