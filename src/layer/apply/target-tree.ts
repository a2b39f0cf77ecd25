import type { TarTime } from '../../archive/index.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { linkAt, mknodAt, openAt, rmdirAt, symlinkAt, unlinkAt } from '../../sys/fs-at.ts';
import { listFd } from '../../sys/list-at.ts';
import { type FileStat, statAt, statAtIfThere, statFd } from '../../sys/stat.ts';
import { copyUp } from '../copy-up.ts';
import { isWhiteout, makeWhiteout } from '../overlay-form.ts';
import { childKey, invalidEntry, nameStart, parentKey, pathFromKey, pathKey } from '../tree-path.ts';
import type { DirectoryState, TreeNotes } from './directory-state.ts';
import { missingTarget } from './failures.ts';
import { NeedsLowerLayers } from './needs-lower-layers.ts';
import { MetadataWriter, type NodeMetadata } from './node-metadata.ts';
import { type Below, PathResolver } from './path-resolver.ts';
import { TreeDirectories } from './tree-directories.ts';

/** Where an entry goes: a directory of the tree, and a name in it. */
export interface Spot {
  readonly directory: string;
  readonly name: Uint8Array;
  /** Of the thing itself. */
  readonly key: string;
  /** The key is known to be that of the place asked for: no symlink has led elsewhere. */
  readonly isPlain: boolean;
}

export interface TargetTreeOptions {
  readonly below: Below;
  readonly rootless: boolean;
  /** A tree without a layer below: its root gets the same owner, mode and time everywhere when the layer names none. */
  readonly isBase: boolean;
  /** Told of what goes because a later entry takes its place; the file can still be read. */
  readonly onReplace: (spot: Spot, stat: FileStat, directoryFd: number) => void;
}

/**
 * The tree a layer goes into, changed one entry after the other by docker's rules: the last entry of a name wins, only
 * two directories merge, and deletions reach what lies below the layer, never what the layer itself has brought
 * (image-spec layer.md; docker and containerd differ there when a deletion comes late, umoci does not).
 */
export class TargetTree implements Disposable {
  readonly #directories: TreeDirectories;
  readonly #resolver: PathResolver;
  readonly #below: Below;
  readonly #onReplace: TargetTreeOptions['onReplace'];
  readonly #rootless: boolean;
  readonly #whiteouts = new Set<string>();
  /** Files of layers below that a hardlink has brought into the tree: the layer has not named them. */
  readonly #copiedUp = new Set<string>();
  /** In a complete tree: what the layer has brought, and the directories on the way there. */
  readonly #own = new Set<string>();
  readonly metadata: MetadataWriter = new MetadataWriter();
  #isEmpty = true;

  constructor(root: string, options: TargetTreeOptions) {
    this.#below = options.below;
    this.#onReplace = options.onReplace;
    this.#rootless = options.rootless;
    this.#directories = new TreeDirectories(root, options.below === 'complete' && !options.isBase);
    this.#resolver = new PathResolver(this.#directories, options.below, this.#whiteouts, this.#own);
  }

  get parentDependent(): boolean {
    return this.#resolver.parentDependent;
  }

  /** A directory that is open for reading, while no more than 60 others are asked for. */
  directoryFd(key: string): number {
    return this.#directories.fd(key);
  }

  /**
   * Finds where `place` is, making the directories on the way.
   * @throws ERR_LAYER_ENTRY_INVALID
   */
  spot(treePath: Uint8Array, path: Uint8Array, time: TarTime): Spot {
    this.#first(time);
    const key = pathKey(treePath);
    const parent = parentKey(key);
    const directory = this.#resolver.make(parent, path, time);
    this.#directories.fill(directory);
    const name = treePath.subarray(nameStart(treePath));
    return directory === parent ? { directory, name, key, isPlain: true } : spotElsewhere(directory, name);
  }

  /** {@link spot} for a deletion; undefined when there is nothing to delete from. */
  spotOfDeletion(treePath: Uint8Array, path: Uint8Array, time: TarTime): Spot | undefined {
    this.#first(time);
    const directory = this.#resolver.makeForDeletion(parentKey(pathKey(treePath)), path, time);
    return directory === undefined ? undefined : spotElsewhere(directory, treePath.subarray(nameStart(treePath)));
  }

  /** Owner, mode, times and attributes of the root. */
  nameRoot(metadata: NodeMetadata): void {
    this.#first(metadata.mtime);
    const { root } = this.#directories;
    if (root.metadata) this.#onReplace(rootSpot, statFd(this.#directories.fd('')), this.#directories.fd(''));
    root.metadata = metadata;
  }

  /** A new directory, or new owner, mode, times and attributes for the one that is there. */
  makeDirectory(spot: Spot, metadata: NodeMetadata): void {
    const existing = this.#existingDirectory(spot);
    if (existing) {
      if (existing.metadata) this.#replaced(spot, statAt(this.#directories.fd(spot.directory), spot.name));
      existing.metadata = metadata;
      existing.remade = true;
    } else this.#makeNewDirectory(spot, metadata);
    this.#claim(spot.key);
  }

  /** A new empty file, open for writing, with the bits of `mode` that the umask leaves. */
  createFile(spot: Spot, mode: number): number {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    return this.#create(spot, (fd) => openAt(fd, spot.name, flags, mode & 0o777));
  }

  makeSymlink(spot: Spot, target: Uint8Array, metadata: NodeMetadata): void {
    this.#create(spot, (fd) => symlinkAt(target, fd, spot.name));
    this.metadata.newNode(this.#directories.fd(spot.directory), spot.name, metadata, pathFromKey(spot.key), true);
  }

  makeNode(
    spot: Spot,
    type: 'character-device' | 'block-device' | 'fifo',
    device: { readonly major: number; readonly minor: number },
    metadata: NodeMetadata,
  ): void {
    this.#create(spot, (fd) => mknodAt(fd, spot.name, type, metadata.mode & 0o777, device.major, device.minor));
    this.metadata.newNode(this.#directories.fd(spot.directory), spot.name, metadata, pathFromKey(spot.key), false);
  }

  /**
   * A second name for what stands at `target`; a symlink is linked itself, and a file of a layer below is copied first.
   * @throws ERR_LAYER_LINK_MISSING, ERR_LAYER_ENTRY_INVALID, NeedsLowerLayers
   */
  makeHardlink(spot: Spot, target: Uint8Array, path: Uint8Array, time: TarTime): void {
    const source = this.#linkSource(target, path, time);
    if (source.key === spot.key) throw invalidEntry(path, 'is a hardlink to itself');
    this.#create(spot, (fd) => linkAt(this.#directories.fd(source.directory), source.name, fd, spot.name));
  }

  /** Makes sure nothing stands at a place that this layer has not brought. */
  whiteout(spot: Spot): void {
    const stat = statAtIfThere(this.#directories.fd(spot.directory), spot.name);
    if (this.#below === 'complete') {
      if (stat) this.#removeForeign(spot, stat);
      return;
    }
    const state = this.#directories.get(spot.key);
    if (stat && this.#copiedUp.delete(spot.key)) unlinkAt(this.#directories.fdForChange(spot.directory), spot.name);
    else if (stat && state?.hollow) this.#removeDirectory(spot, stat);
    else if (stat) {
      if (state) state.opaque = true;
      return;
    }
    this.#resolver.forget();
    if (this.#directories.hidesBelow(spot.directory)) return;
    makeWhiteout(this.#directories.fdForChange(spot.directory), spot.name);
    this.#whiteouts.add(spot.key);
  }

  /** Hides everything that layers below show in a directory. */
  hideBelow(directory: string): void {
    if (this.#below === 'complete') return this.#removeForeignIn(directory);
    const state = this.#directories.get(directory);
    if (state) state.opaque = true;
    this.#resolver.forget();
    return undefined;
  }

  /** Finishes all directories; nothing can be made any more. */
  finish(): TreeNotes {
    for (const key of this.#whiteouts) {
      // readdir would show a whiteout in a directory that is merged with nothing
      if (!this.#directories.hidesBelow(parentKey(key))) continue;
      unlinkAt(this.#directories.fd(parentKey(key)), pathFromKey(key.slice(key.lastIndexOf('/') + 1)));
      this.#whiteouts.delete(key);
    }
    this.#directories.finish(this.metadata, this.#rootless);
    return {
      implied: this.#directories.implied(),
      whiteouts: [...this.#whiteouts],
      rootNamed: this.#directories.root.metadata !== undefined,
      rootOpaque: this.#directories.root.opaque,
    };
  }

  [Symbol.dispose](): void {
    this.#directories[Symbol.dispose]();
  }

  #first(time: TarTime): void {
    if (!this.#isEmpty) return;
    this.#isEmpty = false;
    this.#directories.root.impliedTime = time;
  }

  #create<Made>(spot: Spot, make: (directoryFd: number) => Made): Made {
    this.#claim(spot.key);
    try {
      return make(this.#directories.fdForChange(spot.directory));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#vacate(spot);
    // A directory that went has taken the mark with it.
    this.#claim(spot.key);
    return make(this.#directories.fdForChange(spot.directory));
  }

  #existingDirectory(spot: Spot): DirectoryState | undefined {
    const known = this.#directories.get(spot.key);
    if (known || this.#below !== 'complete') return known;
    const stat = statAtIfThere(this.#directories.fd(spot.directory), spot.name);
    if (stat?.type !== 'directory') return undefined;
    return this.#directories.adopt(spot.directory, spot.key, stat);
  }

  #makeNewDirectory(spot: Spot, metadata: NodeMetadata): void {
    const made = { metadata, impliedTime: metadata.mtime, opaque: false, assumed: false, hollow: false };
    const { directory, name, key } = spot;
    try {
      return this.#directories.make(directory, name, key, made);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#vacate(spot);
    // whatever stood there hid a directory of the layers below, which must not come back
    this.#directories.make(directory, name, key, { ...made, opaque: this.#below !== 'complete' });
  }

  #vacate(spot: Spot): void {
    const stat = statAt(this.#directories.fd(spot.directory), spot.name);
    if (stat.type === 'directory') this.#removeDirectory(spot, stat);
    else this.#removeNode(spot, stat);
    this.#resolver.forget();
  }

  #removeNode(spot: Spot, stat: FileStat): void {
    if (!this.#whiteouts.delete(spot.key) && !this.#copiedUp.delete(spot.key)) this.#replaced(spot, stat);
    unlinkAt(this.#directories.fdForChange(spot.directory), spot.name);
  }

  #removeDirectory(spot: Spot, stat: FileStat): void {
    for (const { name } of listFd(this.#directories.fd(spot.key))) {
      const child = { directory: spot.key, name, key: childKey(spot.key, pathKey(name)), isPlain: true };
      const childStat = statAt(this.#directories.fd(spot.key), name);
      if (childStat.type === 'directory') this.#removeDirectory(child, childStat);
      else this.#removeNode(child, childStat);
    }
    this.#replaced(spot, stat);
    rmdirAt(this.#directories.fdForChange(spot.directory), spot.name);
    this.#directories.forget(spot.key);
    this.#own.delete(spot.key);
  }

  #replaced(spot: Spot, stat: FileStat): void {
    this.#onReplace(spot, stat, this.#directories.fd(spot.directory));
  }

  #claim(key: string): void {
    this.#copiedUp.delete(key);
    if (this.#below !== 'complete') return;
    for (let at = key; !this.#own.has(at); at = parentKey(at)) this.#own.add(at);
  }

  #removeForeign(spot: Spot, stat: FileStat): void {
    if (!this.#own.has(spot.key)) {
      if (stat.type === 'directory') this.#removeDirectory(spot, stat);
      else this.#removeNode(spot, stat);
      this.#resolver.forget();
    } else if (stat.type === 'directory') this.#removeForeignIn(spot.key);
  }

  #removeForeignIn(directory: string): void {
    for (const { name } of listFd(this.#directories.fd(directory))) {
      const stat = statAt(this.#directories.fd(directory), name);
      const key = childKey(directory, pathKey(name));
      this.#removeForeign({ directory, name, key, isPlain: true }, stat);
    }
  }

  #linkSource(target: Uint8Array, path: Uint8Array, time: TarTime): Spot {
    const directory = this.#resolver.look(parentKey(pathKey(target)), path);
    if (directory === undefined) throw missingTarget(target, path);
    const source = spotElsewhere(directory, target.subarray(nameStart(target)));
    const stat = this.#directories.has(directory)
      ? statAtIfThere(this.#directories.fd(directory), source.name)
      : undefined;
    if (!stat) return this.#linkSourceBelow(source, target, path, time);
    if (this.#below !== 'complete' && isWhiteout(stat)) throw missingTarget(target, path);
    if (stat.type === 'directory') throw invalidEntry(path, 'is a hardlink to a directory');
    return source;
  }

  #linkSourceBelow(source: Spot, target: Uint8Array, path: Uint8Array, time: TarTime): Spot {
    if (this.#directories.has(source.directory) && this.#directories.hidesBelow(source.directory)) {
      throw missingTarget(target, path);
    }
    if (this.#below === 'unknown') throw new NeedsLowerLayers();
    const shown = this.#below === 'complete' ? undefined : this.#below.child(source.directory, source.name);
    if (!shown) throw missingTarget(target, path);
    if (shown.stat.type === 'directory') throw invalidEntry(path, 'is a hardlink to a directory');
    const directory = this.#resolver.make(source.directory, path, time);
    this.#directories.fill(directory);
    copyUp(shown, this.#directories.fdForChange(directory), source.name);
    this.#copiedUp.add(source.key);
    return source;
  }
}

const rootSpot: Spot = { directory: '', name: new Uint8Array(0), key: '', isPlain: true };

const spotElsewhere = (directory: string, name: Uint8Array): Spot => ({
  directory,
  name,
  key: childKey(directory, pathKey(name)),
  isPlain: false,
});
