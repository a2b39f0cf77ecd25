import { invariant } from '../../lib/invariant.ts';
import { childKey, nameOf, parentKey, parentPlace, placeFromKey, placeKey } from '../place.ts';
import { walkPath } from '../walk-path.ts';
import type { LayerEntry } from './layer-entry.ts';
import type { MergedLayers } from './merged-layers.ts';

interface Wish {
  /** Of the entry, for messages. */
  readonly path: Uint8Array;
  /** Directories on the way that do not exist are made. */
  readonly makes: boolean;
  readonly ordinal: number;
}

/**
 * Finds where the entries of a layer stand, in the order of its tar: a directory on the way may be a symlink, of the layer
 * itself or of those below. What stands in the way of a directory is not looked at: unpacking refuses such a layer.
 */
export class LayerPlacer {
  readonly #below: MergedLayers;
  /** By their keys, with the number of the entry that made them: directories, named or not; symlinks. */
  readonly #directories = new Map<string, number>([['', 0]]);
  readonly #symlinks = new Map<string, { readonly target: Uint8Array; readonly made: number }>();
  /** The last entry that took the place of a directory: what had been made inside is gone. */
  readonly #replaced = new Map<string, number>();
  /** Nothing of the layers below is seen at these places and in them. */
  readonly #hidden = new Set<string>();
  /** Nothing of the layers below is seen in these directories. */
  readonly #opaque = new Set<string>();

  constructor(below: MergedLayers) {
    this.#below = below;
  }

  /** @throws ERR_LAYER_ENTRY_INVALID */
  place({ kind, path, linkPath, ordinal }: LayerEntry): Uint8Array {
    if (kind === 'opaque') {
      const directory = this.#directoryOf(path, { path, makes: false, ordinal });
      this.#opaque.add(directory);
      return placeFromKey(directory);
    }
    if (path.length === 0) return path;
    const own = placeKey(parentPlace(path));
    const parent = this.#directoryOf(parentPlace(path), { path, makes: kind !== 'whiteout', ordinal });
    const key = childKey(parent, placeKey(nameOf(path)));
    if (kind === 'whiteout') this.#hidden.add(key);
    else if (kind === 'directory') this.#putDirectory(key, ordinal);
    else this.#putOther(key, ordinal, kind === 'symlink' ? linkPath : undefined);
    return parent === own ? path : placeFromKey(key);
  }

  #putDirectory(key: string, made: number): void {
    this.#symlinks.delete(key);
    this.#directories.set(key, made);
  }

  #putOther(key: string, made: number, target: Uint8Array | undefined): void {
    if (this.#directories.delete(key)) this.#replaced.set(key, made);
    this.#hidden.add(key);
    if (target === undefined) this.#symlinks.delete(key);
    else this.#symlinks.set(key, { target, made });
  }

  #hasDirectory(key: string): boolean {
    const made = this.#directories.get(key);
    return made !== undefined && this.#isLeft(key, made);
  }

  #isLeft(key: string, made: number): boolean {
    if (this.#replaced.size === 0) return true;
    for (let above = key; above !== ''; ) {
      above = parentKey(above);
      if ((this.#replaced.get(above) ?? -1) > made) return false;
    }
    return true;
  }

  /** The key of the directory that `parent` leads to; `makes` those on the way that do not exist. */
  #directoryOf(parent: Uint8Array, { path, makes, ordinal }: Wish): string {
    const own = placeKey(parent);
    if (this.#hasDirectory(own)) return own;
    const found = walkPath(parent, path, (at, _name, key) => {
      if (this.#hasDirectory(key)) return undefined;
      const target = this.#symlinkAt(at, key);
      if (makes && target === undefined) this.#directories.set(key, ordinal);
      return target;
    });
    invariant(found !== undefined, 'nothing is looked at that could block the way');
    return found;
  }

  #symlinkAt(parent: string, key: string): Uint8Array | undefined {
    const own = this.#symlinks.get(key);
    if (own !== undefined && this.#isLeft(key, own.made)) return own.target;
    if (this.#hidden.has(key) || this.#isHiddenIn(parent)) return undefined;
    const below = this.#below.at(placeFromKey(key));
    return below?.kind === 'symlink' ? below.linkPath : undefined;
  }

  #isHiddenIn(directory: string): boolean {
    for (let key = directory; ; key = parentKey(key)) {
      if (this.#hidden.has(key) || this.#opaque.has(key)) return true;
      if (key === '') return false;
    }
  }
}
