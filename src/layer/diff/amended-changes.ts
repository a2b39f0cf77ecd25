import type { LayerIndex, PlacedRecord } from '../index-file/reader.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { comparePlaces, isInside, parentPlace, placeKey } from '../place.ts';
import type { Change } from './change.ts';

/** An entry of an amended layer that stays as it is: its header is known, and only the content is to be read. */
export interface KnownEntry {
  readonly kind: 'known';
  readonly place: Uint8Array;
  readonly tree: OpenDirectories;
  readonly directory: string;
  readonly record: PlacedRecord['record'];
  readonly header: Uint8Array;
}

/**
 * What an amended layer says after all, in the order of an archive: what the index says of it, but where `amendments`
 * say something else. Those are all that the amending directory says, its root first; what they hide is not there.
 */
export function* amendedChanges(
  amendments: Iterable<Change>,
  amended: OpenDirectories,
  index: LayerIndex,
): Generator<Change | KnownEntry, void> {
  const rest = amendments[Symbol.iterator]();
  let next = rest.next();
  // Known entries at this place, and inside the other one, are no more.
  let replaced: Uint8Array | undefined;
  let hidden: Uint8Array | undefined;
  const isHidden = (place: Uint8Array): boolean => hidden !== undefined && isInside(place, hidden);
  function* until(place: Uint8Array | undefined): Generator<Change, void> {
    while (next.done !== true && (place === undefined || comparePlaces(next.value.place, place) <= 0)) {
      const change = next.value;
      replaced = change.place;
      const isDirectory = change.kind === 'entry' && change.stat.type === 'directory';
      if (!isDirectory && !isHidden(change.place)) hidden = change.place;
      if (change.kind === 'entry') yield change;
      next = rest.next();
    }
  }
  for (const { record, span } of index.placedRecords()) {
    const { place } = record;
    yield* until(place);
    if (isSame(place, replaced) || isHidden(place)) continue;
    const header = index.rawBytes(span.offset, record.headerBytes);
    yield { kind: 'known', place, tree: amended, directory: placeKey(parentPlace(place)), record, header };
  }
  yield* until(undefined);
}

const isSame = (place: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && place.length === other.length && comparePlaces(place, other) === 0;
