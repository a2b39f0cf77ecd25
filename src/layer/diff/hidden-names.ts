import { statAtIfThere } from '../../sys/stat.ts';
import type { MergedView } from '../merged-view.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPlace, comparePlaces, isInside, placeKey } from '../place.ts';

interface HiddenDirectory {
  readonly place: Uint8Array;
  readonly names: Iterator<Uint8Array, void>;
  /** The next place to be told. */
  next: Uint8Array | undefined;
}

/**
 * What an overlay layer deletes without saying so: names of the layers below that a directory has not, because it is
 * opaque or lies in an opaque one. Told between the layer's own changes, in the order of places.
 */
export class HiddenNames {
  readonly #upper: OpenDirectories;
  readonly #view: MergedView;
  /** Those that the place reached is in, outermost first. */
  readonly #directories: HiddenDirectory[] = [];

  constructor(upper: OpenDirectories, view: MergedView) {
    this.#upper = upper;
    this.#view = view;
  }

  /** Whether the place reached with {@link until} is in a directory that was entered. */
  get isInside(): boolean {
    return this.#directories.length > 0;
  }

  /** Goes into a directory that shows nothing of the layers below. */
  enter(place: Uint8Array): void {
    const directory = { place, names: this.#namesIn(place), next: undefined };
    this.#directories.push(directory);
    advance(directory);
  }

  /** Places that are hidden before the layer's next one, or to the end. */
  *until(place: Uint8Array | undefined): Generator<Uint8Array, void> {
    for (let inner = this.#directories.at(-1); inner; inner = this.#directories.at(-1)) {
      for (; inner.next && (!place || comparePlaces(inner.next, place) < 0); advance(inner)) yield inner.next;
      if (place && isInside(place, inner.place)) return;
      this.#directories.pop();
    }
  }

  /** Whether a directory of the layer lacks a name that those below have. */
  lacksNames(place: Uint8Array): boolean {
    return this.#namesIn(place).next().done !== true;
  }

  *#namesIn(place: Uint8Array): Generator<Uint8Array, void> {
    const key = placeKey(place);
    for (const name of this.#view.names(key)) {
      if (!statAtIfThere(this.#upper.fd(key), name)) yield childPlace(place, name);
    }
  }
}

function advance(directory: HiddenDirectory): void {
  directory.next = directory.names.next().value ?? undefined;
}
