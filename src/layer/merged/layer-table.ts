import type { PathEntry } from '../index-file/path-block.ts';
import type { LayerEntry } from './layer-entry.ts';

/** The entries of one layer, to be found by where they stand. Any call may throw what reading an index throws. */
export interface LayerTable extends Disposable {
  /** In path order, those of one place in the order of the tar, from the first at `place` or behind it. */
  pathsFrom(path: Uint8Array): Iterator<PathEntry, void>;
  /** The entry of a number that {@link pathsFrom} gave. */
  entry(ordinal: number): LayerEntry;
}
