import type { TarTime } from '../../archive/index.ts';
import { readlinkAt, unlinkAt } from '../../sys/fs-at.ts';
import { type FileStat, statAtIfThere } from '../../sys/stat.ts';
import { isWhiteout } from '../overlay-form.ts';
import type { OverlayView } from '../overlay-view.ts';
import { invalidEntry, pathFromKey } from '../tree-path.ts';
import { walkPath } from '../walk-path.ts';
import { NeedsLowerLayers } from './needs-lower-layers.ts';
import type { TreeDirectories } from './tree-directories.ts';

/**
 * The layers below the tree that a layer is unpacked into: a view of them, `unknown` while they are being unpacked too,
 * or `complete` when the tree contains them.
 */
export type Below = OverlayView | 'unknown' | 'complete';

/** Treatment of missing directories on the way. */
type MissingPolicy =
  | { readonly make: true; readonly time: TarTime; readonly deletionsOnly: boolean }
  | { readonly make: false };

/**
 * Finds the directories that paths of an archive lead to, as if the tree, with the layers below it, were `/`: symlinks
 * are followed inside it, `..` stops at it. The kernel never follows a symlink.
 */
export class PathResolver {
  readonly #directories: TreeDirectories;
  readonly #below: Below;
  /** Keys of paths with a whiteout; a whiteout in the way of a new directory is removed. */
  readonly #whiteouts: Set<string>;
  readonly #own: ReadonlySet<string>;
  /** Directories of paths that lead through symlinks. Other paths are keys of directories themselves. */
  readonly #resolved = new Map<string, string>();
  /** Set once a symlink of a layer below has been followed. */
  parentDependent = false;

  /** `own` has the keys of all that the layer itself has put into a complete tree. */
  constructor(directories: TreeDirectories, below: Below, whiteouts: Set<string>, own: ReadonlySet<string>) {
    this.#directories = directories;
    this.#below = below;
    this.#whiteouts = whiteouts;
    this.#own = own;
  }

  /**
   * Returns the directory that `parent` leads to, and makes it and all missing ones on the way, with `time`.
   * @throws ERR_LAYER_ENTRY_INVALID when a component is not a directory
   */
  make(parent: string, path: Uint8Array, time: TarTime): string {
    const found = this.#find(parent, path, { make: true, time, deletionsOnly: false });
    if (found === undefined) throw invalidEntry(path, 'a component of its path is not a directory');
    return found;
  }

  /** Does {@link make} for a deletion. Returns undefined, and makes nothing, when there can be nothing to delete. */
  makeForDeletion(parent: string, path: Uint8Array, time: TarTime): string | undefined {
    if (this.#below !== 'unknown' && this.look(parent, path) === undefined) return undefined;
    return this.#find(parent, path, { make: true, time, deletionsOnly: true });
  }

  /**
   * Returns the directory at `parent`, possibly one that only the layers below have; undefined when it is missing.
   * @throws NeedsLowerLayers
   */
  look(parent: string, path: Uint8Array): string | undefined {
    return this.#find(parent, path, { make: false });
  }

  /** Drops cached paths. Call it when a symlink or a directory has been removed. */
  forget(): void {
    this.#resolved.clear();
  }

  #find(parent: string, path: Uint8Array, missing: MissingPolicy): string | undefined {
    if (this.#directories.has(parent)) return parent;
    const known = this.#resolved.get(parent);
    if (known !== undefined) return known;
    const found = walkPath(pathFromKey(parent), path, (at, name, key) =>
      this.#directories.has(key) ? undefined : this.#step(at, name, key, missing),
    );
    if (missing.make && found !== undefined && found !== parent) this.#resolved.set(parent, found);
    return found;
  }

  /** Returns undefined for a directory, existing or made; the target of a symlink; `blocked` for anything else. */
  #step(parent: string, name: Uint8Array, key: string, missing: MissingPolicy): Uint8Array | undefined | 'blocked' {
    const inTree = this.#directories.has(parent);
    const stat = inTree ? statAtIfThere(this.#directories.fd(parent), name) : undefined;
    if (stat) return this.#stepOnto(stat, parent, name, key, missing);
    const shown = inTree && this.#directories.hidesBelow(parent) ? 'nothing' : this.#lookBelow(parent, name);
    if (shown instanceof Uint8Array) return shown;
    if (shown === 'other') return 'blocked';
    if (missing.make) return this.#make(parent, name, key, missing, { assumed: shown !== 'nothing', opaque: false });
    if (shown === 'unknown') throw new NeedsLowerLayers();
    return shown === 'directory' ? undefined : 'blocked';
  }

  #stepOnto(
    stat: FileStat,
    parent: string,
    name: Uint8Array,
    key: string,
    missing: MissingPolicy,
  ): Uint8Array | undefined | 'blocked' {
    if (stat.type === 'symlink') {
      if (this.#below === 'complete' && !this.#own.has(key)) this.parentDependent = true;
      return readlinkAt(this.#directories.fd(parent), name);
    }
    if (stat.type === 'directory') {
      this.#directories.adopt(parent, key, stat);
      return undefined;
    }
    if (this.#below === 'complete' || !isWhiteout(stat) || !missing.make || missing.deletionsOnly) return 'blocked';
    unlinkAt(this.#directories.fdForChange(parent), name);
    this.#whiteouts.delete(key);
    return this.#make(parent, name, key, missing, { assumed: false, opaque: true });
  }

  #make(
    parent: string,
    name: Uint8Array,
    key: string,
    { time, deletionsOnly }: MissingPolicy & { readonly make: true },
    { assumed, opaque }: { readonly assumed: boolean; readonly opaque: boolean },
  ): undefined {
    this.#directories.make(parent, name, key, {
      metadata: undefined,
      impliedTime: time,
      opaque,
      assumed,
      deletionsOnly,
    });
  }

  #lookBelow(parent: string, name: Uint8Array): Uint8Array | 'nothing' | 'unknown' | 'directory' | 'other' {
    if (this.#below === 'unknown') return 'unknown';
    const shown = this.#below === 'complete' ? undefined : this.#below.child(parent, name);
    if (!shown) return 'nothing';
    if (shown.stat.type === 'directory') return 'directory';
    if (shown.stat.type !== 'symlink') return 'other';
    this.parentDependent = true;
    return readlinkAt(shown.layerFd, shown.path);
  }
}
