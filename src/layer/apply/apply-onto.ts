import { invariant } from '../../lib/invariant.ts';
import { discardIndex, publishIndex } from '../index-file/index-writer.ts';
import type { AppliedLayer, ApplyOntoRequest } from '../types.ts';
import { runSpread } from './run-spread.ts';

/**
 * Applies one layer to a complete tree. After a failure the tree is partly changed and the caller must discard it; no
 * index is left. Aborting waits for the current system call and rejects with the signal's reason.
 * @throws ERR_LAYER_DIGEST_MISMATCH, ERR_LAYER_DIFF_ID_MISMATCH, ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID,
 *   ERR_LAYER_LINK_MISSING, ERR_LAYER_NO_SPACE, ERR_NEEDS_ROOT, ERR_OWNER_UNMAPPED, and the errors of
 *   decompression and tar parsing
 */
export async function applyOnto(request: ApplyOntoRequest): Promise<AppliedLayer> {
  const { source, rootDir, indexPath, isBase = false, rootless = false, sync = false, report, signal } = request;
  const below = isBase ? 'empty' : 'complete';
  const result = await runSpread({ source, directory: rootDir, indexPath, rootless, below, report, signal });
  invariant(result, 'a complete tree needs no other layers');
  try {
    signal?.throwIfAborted();
    publishIndex(result.temporaryIndex, indexPath, { sync });
  } catch (error) {
    discardIndex(result.temporaryIndex);
    throw error;
  }
  return result.layer;
}
