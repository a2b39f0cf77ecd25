import { isKind } from '../../errors/index.ts';
import type { DiffId } from '../../spec/digest.ts';
import { LayerIndex } from './layer-index.ts';

/** Whether the index of that layer stands, with all its blocks. Throws what reading the file throws. */
export function isWholeIndex(path: string, diffId: DiffId): boolean {
  try {
    using index = LayerIndex.open(path);
    index.readAll();
    return index.summary.diffId === diffId;
  } catch (error) {
    if (isKind(error, 'corrupt')) return false;
    throw error;
  }
}
