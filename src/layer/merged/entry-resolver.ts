import { invariant } from '../../lib/invariant.ts';
import { childKey, nameOf, parentKey, parentPath, pathFromKey, pathKey } from '../tree-path.ts';
import { walkPath } from '../walk-path.ts';
import type { LayerEntry } from './layer-entry.ts';
import type { MergedLayers } from './merged-layers.ts';
import { isDirectoryOrUnnamed, type MergedLevel } from './merged-level.ts';

const nothing = new Uint8Array(0);

/** A directory on the way to an entry, with facts about all directories above it: a path may have thousands of components. */
interface PathStep {
  readonly above: PathStep | undefined;
  readonly name: Uint8Array;
  /** True when its content in the layers below is hidden. */
  readonly isHidden: boolean;
  /** Number of the last entry that replaced it, or a directory above; -1 when there is none. */
  readonly replaced: number;
  /** State of the path in the layers below; undefined when a component is not a directory there. */
  below: MergedLevel | undefined | 'not looked at';
}

interface Walk {
  /** Path of the entry, for messages. */
  readonly path: Uint8Array;
  /** True when missing directories on the way are made. */
  readonly makes: boolean;
  readonly ordinal: number;
}

/**
 * Resolves the paths of a layer's entries, in the order of its tar: a directory on the way may be a symlink, of the layer
 * itself or of those below. Other nodes on the way are not checked: unpacking refuses such a layer.
 */
export class EntryResolver {
  readonly #below: MergedLayers;
  /** Directories, named by an entry or not, with the number of the entry that made them, by key; symlinks likewise. */
  readonly #directories = new Map<string, number>([['', 0]]);
  readonly #symlinks = new Map<string, { readonly target: Uint8Array; readonly ordinal: number }>();
  /** Number of the last entry that replaced a directory, and so removed all that earlier entries had made inside. */
  readonly #replaced = new Map<string, number>();
  /** Paths that are hidden in the layers below, together with their content. */
  readonly #hidden = new Set<string>();
  /** Directories whose content is hidden in the layers below. */
  readonly #opaque = new Set<string>();

  constructor(below: MergedLayers) {
    this.#below = below;
  }

  /**
   * Returns the path that an entry has in the tree.
   * @throws ERR_LAYER_ENTRY_INVALID
   */
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

  #putDirectory(key: string, ordinal: number): void {
    this.#symlinks.delete(key);
    this.#directories.set(key, ordinal);
  }

  #putOther(key: string, ordinal: number, target: Uint8Array | undefined): void {
    if (this.#directories.delete(key)) this.#replaced.set(key, ordinal);
    this.#hidden.add(key);
    if (target === undefined) this.#symlinks.delete(key);
    else this.#symlinks.set(key, { target, ordinal });
  }

  /** Returns true while no entry has replaced the directory, or one above it. */
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

  /** Returns the key of the directory that `parent` leads to. With `makes` it records missing ones as made. */
  #directoryOf(parent: Uint8Array, { path, makes, ordinal }: Walk): string {
    const own = pathKey(parent);
    if (this.#hasDirectory(own)) return own;
    const root = this.#stepTo(undefined, nothing, '');
    const steps = new Map([['', root]]);
    const found = walkPath(parent, path, (at, name, key) => {
      const above = steps.get(at) ?? root;
      const isOwn = above.replaced <= (this.#directories.get(key) ?? -2);
      const target = isOwn ? undefined : this.#symlinkAt(above, name, key);
      if (target !== undefined) return target;
      steps.set(key, this.#stepTo(above, name, key));
      if (makes && !isOwn) this.#directories.set(key, ordinal);
      return undefined;
    });
    invariant(found !== undefined, 'the walk never reports a blocked component');
    return found;
  }

  #stepTo(above: PathStep | undefined, name: Uint8Array, key: string): PathStep {
    return {
      above,
      name,
      isHidden: above?.isHidden === true || this.#hidden.has(key) || this.#opaque.has(key),
      replaced: Math.max(above?.replaced ?? -1, this.#replaced.get(key) ?? -1),
      below: above === undefined ? this.#below.top() : 'not looked at',
    };
  }

  #symlinkAt(above: PathStep, name: Uint8Array, key: string): Uint8Array | undefined {
    const own = this.#symlinks.get(key);
    if (own !== undefined && above.replaced <= own.ordinal) return own.target;
    if (above.isHidden || this.#hidden.has(key)) return undefined;
    const file = this.#childBelow(this.#levelBelow(above), name)?.file;
    return file?.kind === 'symlink' ? file.linkPath : undefined;
  }

  #levelBelow(directory: PathStep): MergedLevel | undefined {
    const unseen: PathStep[] = [];
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
