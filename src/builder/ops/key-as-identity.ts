import type { Keyed, OpContext } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';

/**
 * Returns the work of a step with a key that describes the output completely, times apart, and so is the result's
 * identity.
 */
export const keyAsIdentity = (
  digest: string,
  make: (context: OpContext) => Promise<string>,
): Keyed<FilesystemResult> => ({
  digest,
  exec: async (context) => ({ identity: digest, snapshotId: await make(context), createdAt: Date.now() }),
});
