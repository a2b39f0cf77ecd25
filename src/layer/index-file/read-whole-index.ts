import type { DiffId } from '../../spec/digest.ts';
import { LayerIndex } from './layer-index.ts';

/**
 * Reads and checks all of an index, synchronously; returns the layer's diffID.
 * @throws ERR_INDEX_CORRUPT, ERR_INDEX_VERSION, and the error of `check`, which is called between records
 */
export function readWholeIndex(path: string, check: () => void): DiffId {
  using index = LayerIndex.open(path);
  index.readAll();
  for (const _ of index.records()) check();
  return index.summary.diffId;
}
