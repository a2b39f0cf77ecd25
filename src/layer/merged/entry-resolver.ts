import { invariant } from '../../lib/invariant.ts';
import { childKey, nameOf, parentKey, parentPath, pathFromKey, pathKey } from '../tree-path.ts';
import { walkPath } from '../walk-path.ts';
import type { LayerEntry } from './layer-entry.ts';
import type { MergedLayers } from './merged-layers.ts';
import { isDirectoryOrUnnamed, type MergedLevel } from './merged-level.ts';

const nothing = new Uint8Array(0);

/** A directory on the way to an entry. What is asked of all above it is noted once: a path may have thousands of components. */
interface Passed {
  readonly above: Passed | undefined;
  readonly name: Uint8Array;
  /** Nothing of the layers below is seen in it. */
  readonly isHidden: boolean;
  /** The last entry that took the place of it, or of one above; -1 when none did. */
  readonly replaced: number;
  /** What the layers below have there; undefined where something else than a directory is on the way. */
  below: MergedLevel | undefined | 'not looked at';
}

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
export class EntryResolver {
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
  resolve({ kind, path, linkPath, ordinal }: LayerEntry): Uint8Array {
    if (kind === 'opaque') {
      const directory = this.#directoryOf(path, { path, makes: false, ordinal });
      this.#opaque.add(directory);
      return pathFromKey(directory);
    }
    if (path.length === 0) return path;
    const own = pathKey(parentPath(path));
    const parent = this.#directoryOf(parentPath(path), { path, makes: kind !== 'whiteout', ordinal });
    const key = childKey(parent, pathKey(nameOf(path)));
    if (kind === 'whiteout') this.#hidden.add(key);
    else if (kind === 'directory') this.#putDirectory(key, ordinal);
    else this.#putOther(key, ordinal, kind === 'symlink' ? linkPath : undefined);
    return parent === own ? path : pathFromKey(key);
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

  /** True while no entry has taken the place of the directory, or of one above it. */
  #hasDirectory(key: string): boolean {
    const made = this.#directories.get(key);
    if (made === undefined) return false;
    if (this.#replaced.size === 0) return true;
    for (let above = key; above !== ''; ) {
      above = parentKey(above);
      if ((this.#replaced.get(above) ?? -1) > made) return false;
    }
    return true;
  }

  /** The key of the directory that `parent` leads to; `makes` those on the way that do not exist. */
  #directoryOf(parent: Uint8Array, { path, makes, ordinal }: Wish): string {
    const own = pathKey(parent);
    if (this.#hasDirectory(own)) return own;
    const root = this.#passed(undefined, nothing, '');
    const passed = new Map([['', root]]);
    const found = walkPath(parent, path, (at, name, key) => {
      const above = passed.get(at) ?? root;
      const isOwn = above.replaced <= (this.#directories.get(key) ?? -2);
      const target = isOwn ? undefined : this.#symlinkAt(above, name, key);
      if (target !== undefined) return target;
      passed.set(key, this.#passed(above, name, key));
      if (makes && !isOwn) this.#directories.set(key, ordinal);
      return undefined;
    });
    invariant(found !== undefined, 'nothing is looked at that could block the way');
    return found;
  }

  #passed(above: Passed | undefined, name: Uint8Array, key: string): Passed {
    return {
      above,
      name,
      isHidden: above?.isHidden === true || this.#hidden.has(key) || this.#opaque.has(key),
      replaced: Math.max(above?.replaced ?? -1, this.#replaced.get(key) ?? -1),
      below: above === undefined ? this.#below.top() : 'not looked at',
    };
  }

  #symlinkAt(above: Passed, name: Uint8Array, key: string): Uint8Array | undefined {
    const own = this.#symlinks.get(key);
    if (own !== undefined && above.replaced <= own.made) return own.target;
    if (above.isHidden || this.#hidden.has(key)) return undefined;
    const file = this.#childBelow(this.#levelBelow(above), name)?.file;
    return file?.kind === 'symlink' ? file.linkPath : undefined;
  }

  #levelBelow(directory: Passed): MergedLevel | undefined {
    const unseen: Passed[] = [];
    let at = directory;
    for (; at.below === 'not looked at' && at.above !== undefined; at = at.above) unseen.push(at);
    let level = at.below === 'not looked at' ? undefined : at.below;
    for (const next of unseen.reverse()) {
      level = this.#childBelow(level, next.name);
      next.below = level;
    }
    return level;
  }

  #childBelow(above: MergedLevel | undefined, name: Uint8Array): MergedLevel | undefined {
    return above && isDirectoryOrUnnamed(above) ? this.#below.step(above, name) : undefined;
  }
}
