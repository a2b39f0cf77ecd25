import { StrataError } from '../errors/index.ts';

export const snapshotNotFound = (id: string): StrataError =>
  new StrataError({ code: 'ERR_SNAPSHOT_NOT_FOUND', message: `snapshot ${id}: not found` });

export const snapshotExists = (id: string): StrataError =>
  new StrataError({ code: 'ERR_SNAPSHOT_EXISTS', message: `snapshot ${id}: already exists` });

export const snapshotNotActive = (id: string, kind: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_NOT_ACTIVE',
    message: `snapshot ${id}: ${kind}, only an active one can be committed`,
  });

export const snapshotInUse = (id: string, by: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_IN_USE',
    message: `snapshot ${id}: in use by ${by}`,
    hint: 'Remove what stands on it first.',
  });
