import { statAtIfThere } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { OverlayView } from '../overlay-view.ts';
import { childPath, comparePaths, isInside, pathKey } from '../tree-path.ts';

interface HiddenDirectory {
  readonly path: Uint8Array;
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
  readonly #view: OverlayView;
  /** Those that the place reached is in, outermost first. */
  readonly #directories: HiddenDirectory[] = [];

  constructor(upper: OpenDirectories, view: OverlayView) {
    this.#upper = upper;
    this.#view = view;
  }

  /** Whether the place reached with {@link until} is in a directory that was entered. */
  get isInside(): boolean {
    return this.#directories.length > 0;
  }

  /** Goes into a directory that shows nothing of the layers below. */
  enter(path: Uint8Array): void {
    const directory = { path, names: this.#namesIn(path), next: undefined };
    this.#directories.push(directory);
    advance(directory);
  }

  /** Places that are hidden before the layer's next one, or to the end. */
  *until(path: Uint8Array | undefined): Generator<Uint8Array, void> {
    for (let inner = this.#directories.at(-1); inner; inner = this.#directories.at(-1)) {
      for (; inner.next && (!path || comparePaths(inner.next, path) < 0); advance(inner)) yield inner.next;
      if (path && isInside(path, inner.path)) return;
      this.#directories.pop();
    }
  }

  /** Whether a directory of the layer lacks a name that those below have. */
  lacksNames(path: Uint8Array): boolean {
    return this.#namesIn(path).next().done !== true;
  }

  *#namesIn(path: Uint8Array): Generator<Uint8Array, void> {
    const key = pathKey(path);
    for (const name of this.#view.names(key)) {
      if (!statAtIfThere(this.#upper.fd(key), name)) yield childPath(path, name);
    }
  }
}

function advance(directory: HiddenDirectory): void {
  directory.next = directory.names.next().value ?? undefined;
}
