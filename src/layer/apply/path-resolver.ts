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
 * What lies below the tree a layer goes into: the layers of an overlay, layers that are not there yet (others are
 * being unpacked at the same time), or nothing because the tree is complete.
 */
export type Below = OverlayView | 'unknown' | 'complete';

/** How directories on the way that do not exist are treated. */
type MissingPolicy =
  | { readonly make: true; readonly time: TarTime; readonly hollow: boolean }
  | { readonly make: false };

/**
 * Finds the directories that paths of an archive lead to, as if the tree, with the layers below it, were `/`: symlinks
 * are followed inside it, `..` stops at it. Never asks the kernel to follow anything.
 */
export class PathResolver {
  readonly #directories: TreeDirectories;
  readonly #below: Below;
  /** Places with a whiteout; one in the way of a new directory is taken away. */
  readonly #whiteouts: Set<string>;
  readonly #own: ReadonlySet<string>;
  /** Paths that lead through symlinks. Others need no entry: they are keys of directories themselves. */
  readonly #resolved = new Map<string, string>();
  /** A symlink of a layer below was followed. */
  parentDependent = false;

  /** `own`: in a complete tree, what the layer itself has brought. */
  constructor(directories: TreeDirectories, below: Below, whiteouts: Set<string>, own: ReadonlySet<string>) {
    this.#directories = directories;
    this.#below = below;
    this.#whiteouts = whiteouts;
    this.#own = own;
  }

  /**
   * The directory that the place `parent` leads to, made with all missing ones on the way. `time` is for those.
   * @throws ERR_LAYER_ENTRY_INVALID when something else than a directory is in the way
   */
  make(parent: string, path: Uint8Array, time: TarTime): string {
    const found = this.#find(parent, path, { make: true, time, hollow: false });
    if (found === undefined) throw invalidEntry(path, 'a part of its path is no directory');
    return found;
  }

  /** {@link make} for a deletion; undefined where there can be nothing to delete, so that nothing is made either. */
  makeForDeletion(parent: string, path: Uint8Array, time: TarTime): string | undefined {
    if (this.#below !== 'unknown' && this.look(parent, path) === undefined) return undefined;
    return this.#find(parent, path, { make: true, time, hollow: true });
  }

  /**
   * The directory at `parent`, maybe one that only layers below have; undefined when there is none.
   * @throws NeedsLowerLayers
   */
  look(parent: string, path: Uint8Array): string | undefined {
    return this.#find(parent, path, { make: false });
  }

  /** To be said when a symlink or a directory goes. */
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

  /** Undefined when the place is a directory now, the target of a symlink there, `blocked` for anything else. */
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
    if (this.#below === 'complete' || !isWhiteout(stat) || !missing.make || missing.hollow) return 'blocked';
    unlinkAt(this.#directories.fdForChange(parent), name);
    this.#whiteouts.delete(key);
    return this.#make(parent, name, key, missing, { assumed: false, opaque: true });
  }

  #make(
    parent: string,
    name: Uint8Array,
    key: string,
    { time, hollow }: MissingPolicy & { readonly make: true },
    { assumed, opaque }: { readonly assumed: boolean; readonly opaque: boolean },
  ): undefined {
    this.#directories.make(parent, name, key, { metadata: undefined, impliedTime: time, opaque, assumed, hollow });
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
