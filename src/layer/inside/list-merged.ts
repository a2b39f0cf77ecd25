import { invariant } from '../../lib/invariant.ts';
import { isInside, parentPlace } from '../place.ts';
import { type FoundEntry, isDeletion } from './layer-entry.ts';
import { everything, isDirectoryOrUnnamed, isLeft, judge, type Level } from './level.ts';
import type { MergedFile } from './merged-file.ts';
import type { PlaceGroup, PlaceGroups } from './place-groups.ts';

/** What the listing asks of the merged layers. */
export interface FileMaker {
  file(place: Uint8Array, found: FoundEntry): MergedFile;
  /** The directory at a place that no visible layer names. */
  implied(level: Level): MergedFile | undefined;
}

export interface ListRequest {
  /** Lines of all layers, from `place` on. */
  readonly groups: PlaceGroups;
  /** What is listed, with all that is in it. */
  readonly place: Uint8Array;
  /** The directories above it, the root first. */
  readonly above: readonly Level[];
  /** Also what is in its directories. */
  readonly recursive: boolean;
}

/** Lists what is seen at a place and in it, parents first, in path order. */
export function listMerged(request: ListRequest, maker: FileMaker): Generator<MergedFile, void> {
  return new Listing(request, maker).files();
}

interface ListedLevel extends Level {
  isListed: boolean;
}

/** One walk. It knows the directories on the way to the current place, and nothing behind it. */
class Listing {
  readonly #request: ListRequest;
  readonly #maker: FileMaker;
  /** From the root down. */
  readonly #levels: ListedLevel[];
  /** How many levels down anything is listed. */
  readonly #deepest: number;

  constructor(request: ListRequest, maker: FileMaker) {
    this.#request = request;
    this.#maker = maker;
    this.#levels = request.above.map((level) => ({ ...level, isListed: true }));
    this.#deepest = request.recursive ? Number.POSITIVE_INFINITY : request.above.length + 1;
  }

  *files(): Generator<MergedFile, void> {
    const { groups, place } = this.#request;
    for (let group = groups.next(); group && isInside(group.place, place); group = groups.next()) {
      yield* this.#take(group);
    }
    // A root in which nothing is.
    if (place.length === 0) yield* this.#list(this.#levels[0] ?? this.#push({ ...everything, place, file: undefined }));
  }

  *#take(group: PlaceGroup): Generator<MergedFile, void> {
    const { place } = group;
    const { groups } = this.#request;
    this.#leave(place);
    const above = place.length === 0 ? undefined : this.#enter(parentPlace(place));
    if (above !== undefined && !isDirectoryOrUnnamed(above)) return groups.skip(above.place);
    const seen = above ?? everything;
    // An entry makes the directories on the way to it, also where it is not seen itself.
    const maker = group.entries.find(({ layer, entry }) => !isDeletion(entry) && isLeft(seen, layer, entry.ordinal));
    for (const level of this.#levels) {
      if (maker === undefined || level.from > maker.layer) break;
      yield* this.#list(level);
    }
    const { shown, ...visibility } = judge(group, seen);
    const level = this.#push({ ...visibility, place, file: shown && this.#maker.file(place, shown) });
    if (level.file !== undefined) yield* this.#list(level);
    const lowest = this.#levels[this.#deepest];
    if (lowest?.isListed === true) groups.skip(lowest.place);
    return undefined;
  }

  #leave(place: Uint8Array): void {
    for (let top = this.#levels.at(-1); top && !isInside(place, top.place); top = this.#levels.at(-1)) {
      this.#levels.pop();
    }
  }

  /** Adds the directories on the way that no layer names; returns the last of them. */
  #enter(directory: Uint8Array): Level {
    let top = this.#levels.at(-1) ?? this.#push({ ...everything, place: directory.subarray(0, 0), file: undefined });
    while (isDirectoryOrUnnamed(top) && top.place.length < directory.length) {
      const end = directory.indexOf(0x2f, top.place.length === 0 ? 0 : top.place.length + 1);
      const place = end < 0 ? directory : directory.subarray(0, end);
      const { inside, gone } = top;
      top = this.#push({ place, from: inside, inside, gone, file: undefined });
    }
    return top;
  }

  #push(level: Level): ListedLevel {
    const pushed = { ...level, isListed: false };
    this.#levels.push(pushed);
    return pushed;
  }

  *#list(level: ListedLevel): Generator<MergedFile, void> {
    if (level.isListed) return;
    level.isListed = true;
    if (this.#levels.indexOf(level) > this.#deepest) return;
    const file = level.file ?? this.#maker.implied(level);
    invariant(file, 'a directory stands once something was put into it');
    yield file;
  }
}
