import { isKind } from '../../errors/index.ts';
import type { DiffId } from '../../spec/digest.ts';
import { LayerIndex } from './layer-index.ts';

/** Returns true for a complete, undamaged index of that layer. Throws errors of reading the file. */
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
