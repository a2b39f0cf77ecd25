import type { Keyed, OpContext } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';

/** A step whose key describes what it makes completely, except for times, so that it can be the result's identity. */
export const keyAsIdentity = (
  digest: string,
  make: (context: OpContext) => Promise<string>,
): Keyed<FilesystemResult> => ({
  digest,
  exec: async (context) => ({ identity: digest, snapshotId: await make(context), createdAt: Date.now() }),
});
