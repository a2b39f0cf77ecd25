import type { DiffId } from '../../spec/digest.ts';
import { LayerIndex } from './layer-index.ts';

/**
 * Reads all of an index, synchronously; returns the diffID of the layer it is of.
 * @throws ERR_INDEX_CORRUPT, ERR_INDEX_VERSION, and what `check` throws between records
 */
export function readWholeIndex(path: string, check: () => void): DiffId {
  using index = LayerIndex.open(path);
  index.readAll();
  for (const _ of index.records()) check();
  return index.summary.diffId;
}
