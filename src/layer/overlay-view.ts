import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from '../sys/constants.ts';
import { closeFd, openAt } from '../sys/fs-at.ts';
import { FileStat, statAtIfThere, statFd } from '../sys/stat.ts';
import { mergeNames } from './merge-names.ts';
import { isOpaque, isWhiteout, opaqueAttribute } from './overlay-form.ts';
import { childPath, pathFromKey } from './tree-path.ts';

/** A node that a stack of layers shows: from one layer, or a directory merged from several. */
export interface ShownNode {
  readonly path: Uint8Array;
  /** Status in the topmost layer that has the node. */
  readonly stat: FileStat;
  /** Descriptor of that layer's directory; `path` below it leads through directories only. */
  readonly layerFd: number;
}

/**
 * Reads layers' own directories, nearest first, as overlayfs would show them, without mounting them: a character device
 * 0:0 hides the name below, an opaque directory hides its content below, and anything but a directory ends the merging.
 * The layers must not change meanwhile.
 */
export class OverlayView implements Disposable {
  readonly #layers: readonly number[];
  readonly #opaque: string;
  /** Layers merged into a directory, by its key; undefined when the view has no directory there. */
  readonly #merged = new Map<string, readonly number[] | undefined>();

  constructor(layers: readonly string[], options: { readonly rootless: boolean }) {
    const fds: number[] = [];
    try {
      for (const layer of layers) fds.push(openAt(AT_FDCWD, layer, O_PATH | O_DIRECTORY));
    } catch (error) {
      for (const fd of fds) closeFd(fd);
      throw error;
    }
    this.#layers = fds;
    this.#opaque = opaqueAttribute(options.rootless);
    this.#merged.set('', fds);
  }

  /** Returns the topmost layer's root; undefined when there is no layer. */
  root(): ShownNode | undefined {
    const layerFd = this.#layers[0];
    return layerFd === undefined ? undefined : { path: new Uint8Array(0), stat: statFd(layerFd), layerFd };
  }

  /** Returns the node at a path; undefined when it or its directory is missing. */
  at(key: string): ShownNode | undefined {
    if (key === '') return this.root();
    const slash = key.lastIndexOf('/');
    return this.child(key.slice(0, Math.max(slash, 0)), pathFromKey(key.slice(slash + 1)));
  }

  /** Returns the node of this name in the directory at `parent`. */
  child(parent: string, name: Uint8Array): ShownNode | undefined {
    const layers = this.#layersOf(parent);
    if (layers === undefined) return undefined;
    const path = childPath(pathFromKey(parent), name);
    for (const layerFd of layers) {
      const stat = statAtIfThere(layerFd, path);
      if (stat) return isWhiteout(stat) ? undefined : { path, stat, layerFd };
    }
    return undefined;
  }

  /** Returns true when the view has a directory at a path. */
  isDirectory(key: string): boolean {
    return this.#layersOf(key) !== undefined;
  }

  /** Yields the visible names of a directory, in byte order. */
  *names(key: string): Generator<Uint8Array, void> {
    const names = listNames(this.#layersOf(key) ?? [], pathFromKey(key));
    for (let next = names.next(); next.done !== true; next = names.next()) {
      if (this.child(key, next.value)) yield next.value;
    }
  }

  [Symbol.dispose](): void {
    for (const fd of this.#layers) closeFd(fd);
  }

  // A layer takes part only while all components of the path are directories in it, so no symlink is ever followed.
  #layersOf(key: string): readonly number[] | undefined {
    if (this.#merged.has(key)) return this.#merged.get(key);
    const slash = key.lastIndexOf('/');
    const parents = this.#layersOf(key.slice(0, Math.max(slash, 0)));
    const found = parents && this.#merge(parents, pathFromKey(key));
    this.#merged.set(key, found);
    return found;
  }

  #merge(parents: readonly number[], path: Uint8Array): readonly number[] | undefined {
    const found: number[] = [];
    for (const layerFd of parents) {
      const stat = statAtIfThere(layerFd, path, scratchStat);
      if (!stat) continue;
      if (stat.type !== 'directory') break;
      found.push(layerFd);
      if (this.#isOpaque(layerFd, path)) break;
    }
    return found.length === 0 ? undefined : found;
  }

  #isOpaque(layerFd: number, path: Uint8Array): boolean {
    const fd = openAt(layerFd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      return isOpaque(fd, this.#opaque);
    } finally {
      closeFd(fd);
    }
  }
}

const scratchStat = new FileStat();

/** Returns the names in one directory of all these layers, whiteouts included. */
function listNames(layers: readonly number[], path: Uint8Array): Iterator<Uint8Array, void> {
  using directories = new DisposableStack();
  const directory = path.length === 0 ? '.' : path;
  const open = (layer: number): number => openAt(layer, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return mergeNames(layers.map((layer) => directories.adopt(open(layer), closeFd)));
}
