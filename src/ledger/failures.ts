import { StrataError } from '../errors/index.ts';

export const snapshotNotFound = (id: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_NOT_FOUND',
    message: `snapshot ${id}: not found`,
    hint: 'Another process may have removed it. Try again; if that fails, load or build again the image that uses it.',
  });

export const snapshotExists = (id: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_EXISTS',
    message: `snapshot ${id}: already exists`,
    hint: 'Choose another ID: each snapshot needs one of its own.',
  });

export const snapshotNotActive = (id: string, kind: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_NOT_ACTIVE',
    message: `snapshot ${id}: ${kind}, only an active one can be committed`,
    hint: 'Prepare a new snapshot, and commit that.',
  });

export const snapshotInUse = (id: string, by: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_IN_USE',
    message: `snapshot ${id}: in use by ${by}`,
    hint: 'Remove what uses it first, or wait until the running operation ends.',
  });
