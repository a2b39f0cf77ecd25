import type { PlaceEntry } from '../index-file/place-block.ts';
import type { LayerEntry } from './layer-entry.ts';

/** The entries of one layer, to be found by where they stand. Any call may throw what reading an index throws. */
export interface LayerTable extends Disposable {
  /** In path order, those of one place in the order of the tar, from the first at `place` or behind it. */
  placesFrom(place: Uint8Array): Iterator<PlaceEntry, void>;
  /** The entry of a number that {@link placesFrom} gave. */
  entry(ordinal: number): LayerEntry;
}
