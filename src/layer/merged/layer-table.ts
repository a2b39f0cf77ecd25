import type { PathEntry } from '../index-file/path-block.ts';
import type { LayerEntry } from './layer-entry.ts';

/** The entries of one layer by path. Any call may throw the errors of reading an index. */
export interface LayerTable extends Disposable {
  /** Yields lines in path order, those of one path in the order of the tar, from the first that is not before `path`. */
  pathsFrom(path: Uint8Array): Iterator<PathEntry, void>;
  /** Returns the entry of a number from {@link pathsFrom}. */
  entry(ordinal: number): LayerEntry;
}
