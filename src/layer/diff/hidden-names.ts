import { statAtIfThere } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { OverlayView } from '../overlay-view.ts';
import { childPath, comparePaths, isInside, pathKey } from '../tree-path.ts';

interface HiddenDirectory {
  readonly path: Uint8Array;
  readonly names: Iterator<Uint8Array, void>;
  /** The next path to yield. */
  next: Uint8Array | undefined;
}

/**
 * Finds the names that an overlay layer deletes without whiteouts: names of the layers below that are missing in a
 * directory of the layer that is opaque or inside an opaque one. Yields them between the layer's own changes, in path order.
 */
export class HiddenNames {
  readonly #upper: OpenDirectories;
  readonly #view: OverlayView;
  /** Directories entered that contain the current path, outermost first. */
  readonly #directories: HiddenDirectory[] = [];

  constructor(upper: OpenDirectories, view: OverlayView) {
    this.#upper = upper;
    this.#view = view;
  }

  /** True when the path given to {@link until} is in a directory that was entered. */
  get isInside(): boolean {
    return this.#directories.length > 0;
  }

  /** Enters a directory that hides its content in the layers below. */
  enter(path: Uint8Array): void {
    const directory = { path, names: this.#namesIn(path), next: undefined };
    this.#directories.push(directory);
    advance(directory);
  }

  /** Yields the hidden paths before the layer's next one, or all the rest. */
  *until(path: Uint8Array | undefined): Generator<Uint8Array, void> {
    for (let inner = this.#directories.at(-1); inner; inner = this.#directories.at(-1)) {
      for (; inner.next && (!path || comparePaths(inner.next, path) < 0); advance(inner)) yield inner.next;
      if (path && isInside(path, inner.path)) return;
      this.#directories.pop();
    }
  }

  /** Returns true when a directory of the layer lacks a name that the layers below have. */
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
