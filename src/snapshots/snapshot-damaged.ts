import { StrataError } from '../errors/index.ts';

export const snapshotDamaged = (id: string, what: string): StrataError =>
  new StrataError({
    code: 'ERR_SNAPSHOT_DAMAGED',
    message: `snapshot ${id}: ${what}`,
    hint: 'Remove the image or container that uses it, then load or build the image again.',
  });
