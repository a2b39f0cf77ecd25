import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { errnoOf } from '../sys/errno.ts';
import type { DriverTable, StorageDriver } from './storage-driver.ts';

/** The drivers whose snapshots a store holds. Throws ERR_STORAGE_ROOT_UNUSABLE for another user's store. */
export const heldDrivers = (root: string, { drivers }: DriverTable): StorageDriver[] =>
  drivers.filter(({ name }) => isFilled(root, name));

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
