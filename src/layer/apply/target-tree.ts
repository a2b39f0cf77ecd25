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

/** Target of an entry: a directory of the tree, and a name in it. */
export interface NodeLocation {
  readonly directory: string;
  readonly name: Uint8Array;
  /** Key of the entry itself. */
  readonly key: string;
  /** True when the key is known to be that of the requested path: no symlink has led elsewhere. */
  readonly isPlain: boolean;
}

export interface TargetTreeOptions {
  readonly below: Below;
  readonly rootless: boolean;
  /** Set for a tree without a layer below. Unless the layer names its root, that gets the same owner, mode and time everywhere. */
  readonly isBase: boolean;
  /** Called for each node that a later entry replaces; a file can still be read then. */
  readonly onReplace: (location: NodeLocation, stat: FileStat, directoryFd: number) => void;
}

/**
 * The tree that a layer is unpacked into, changed entry by entry by docker's rules: the last entry of a name wins, only
 * directories merge, and a deletion affects the layers below, never an entry of the same layer (image-spec layer.md;
 * docker and containerd deviate when the deletion comes late, umoci does not).
 */
export class TargetTree implements Disposable {
  readonly #directories: TreeDirectories;
  readonly #resolver: PathResolver;
  readonly #below: Below;
  readonly #onReplace: TargetTreeOptions['onReplace'];
  readonly #rootless: boolean;
  readonly #whiteouts = new Set<string>();
  /** Files of layers below, copied into the tree for a hardlink: no entry of the layer names them. */
  readonly #copiedUp = new Set<string>();
  /** In a complete tree: the keys of the layer's own entries and of the directories above them. */
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

  /** Returns a descriptor for reading a directory, valid until 60 others have been requested. */
  directoryFd(key: string): number {
    return this.#directories.fd(key);
  }

  /**
   * Returns the target of the entry at `treePath`; makes missing directories on the way.
   * @throws ERR_LAYER_ENTRY_INVALID
   */
  locate(treePath: Uint8Array, path: Uint8Array, time: TarTime): NodeLocation {
    this.#noteTime(time);
    const key = pathKey(treePath);
    const parent = parentKey(key);
    const directory = this.#resolver.make(parent, path, time);
    this.#directories.fill(directory);
    const name = treePath.subarray(nameStart(treePath));
    return directory === parent ? { directory, name, key, isPlain: true } : locationIn(directory, name);
  }

  /** Does {@link locate} for a deletion; undefined when the directory is missing in the tree and below. */
  locateDeletion(treePath: Uint8Array, path: Uint8Array, time: TarTime): NodeLocation | undefined {
    this.#noteTime(time);
    const directory = this.#resolver.makeForDeletion(parentKey(pathKey(treePath)), path, time);
    return directory === undefined ? undefined : locationIn(directory, treePath.subarray(nameStart(treePath)));
  }

  /** Sets owner, mode, times and attributes of the root. */
  nameRoot(metadata: NodeMetadata): void {
    this.#noteTime(metadata.mtime);
    const { root } = this.#directories;
    if (root.metadata) this.#onReplace(rootLocation, statFd(this.#directories.fd('')), this.#directories.fd(''));
    root.metadata = metadata;
  }

  /** Makes a directory, or sets new owner, mode, times and attributes of an existing one. */
  makeDirectory(location: NodeLocation, metadata: NodeMetadata): void {
    const existing = this.#existingDirectory(location);
    if (existing) {
      if (existing.metadata)
        this.#reportReplaced(location, statAt(this.#directories.fd(location.directory), location.name));
      existing.metadata = metadata;
      existing.existed = true;
    } else this.#makeNewDirectory(location, metadata);
    this.#claim(location.key);
  }

  /** Creates an empty file and returns it open for writing; its mode is `mode` without the umask. */
  createFile(location: NodeLocation, mode: number): number {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    return this.#create(location, (fd) => openAt(fd, location.name, flags, mode & 0o777));
  }

  makeSymlink(location: NodeLocation, target: Uint8Array, metadata: NodeMetadata): void {
    this.#create(location, (fd) => symlinkAt(target, fd, location.name));
    this.metadata.newNode(
      this.#directories.fd(location.directory),
      location.name,
      metadata,
      pathFromKey(location.key),
      true,
    );
  }

  makeNode(
    location: NodeLocation,
    type: 'character-device' | 'block-device' | 'fifo',
    device: { readonly major: number; readonly minor: number },
    metadata: NodeMetadata,
  ): void {
    this.#create(location, (fd) => mknodAt(fd, location.name, type, metadata.mode & 0o777, device.major, device.minor));
    this.metadata.newNode(
      this.#directories.fd(location.directory),
      location.name,
      metadata,
      pathFromKey(location.key),
      false,
    );
  }

  /**
   * Links `location` to the node at `target`. A symlink is linked itself; a file of a layer below is copied up first.
   * @throws ERR_LAYER_LINK_MISSING, ERR_LAYER_ENTRY_INVALID, NeedsLowerLayers
   */
  makeHardlink(location: NodeLocation, target: Uint8Array, path: Uint8Array, time: TarTime): void {
    const source = this.#linkSource(target, path, time);
    if (source.key === location.key) throw invalidEntry(path, 'is a hardlink to itself');
    this.#create(location, (fd) => linkAt(this.#directories.fd(source.directory), source.name, fd, location.name));
  }

  /** Deletes at a path all that the layers below have there. */
  whiteout(location: NodeLocation): void {
    const stat = statAtIfThere(this.#directories.fd(location.directory), location.name);
    if (this.#below === 'complete') {
      if (stat) this.#removeForeign(location, stat);
      return;
    }
    const state = this.#directories.get(location.key);
    if (stat && this.#copiedUp.delete(location.key))
      unlinkAt(this.#directories.fdForChange(location.directory), location.name);
    else if (stat && state?.deletionsOnly) this.#removeDirectory(location, stat);
    else if (stat) {
      if (state) state.opaque = true;
      return;
    }
    this.#resolver.forget();
    if (this.#directories.hidesBelow(location.directory)) return;
    makeWhiteout(this.#directories.fdForChange(location.directory), location.name);
    this.#whiteouts.add(location.key);
  }

  /** Hides the content of a directory in the layers below. */
  hideBelow(directory: string): void {
    if (this.#below === 'complete') return this.#removeForeignIn(directory);
    const state = this.#directories.get(directory);
    if (state) state.opaque = true;
    this.#resolver.forget();
    return undefined;
  }

  /** Finishes all directories. Nothing can be created afterwards. */
  finish(): TreeNotes {
    for (const key of this.#whiteouts) {
      // readdir shows whiteouts in a directory that is not merged.
      if (!this.#directories.hidesBelow(parentKey(key))) continue;
      unlinkAt(this.#directories.fd(parentKey(key)), pathFromKey(key.slice(key.lastIndexOf('/') + 1)));
      this.#whiteouts.delete(key);
    }
    this.#directories.finish(this.metadata, this.#rootless);
    return {
      implied: this.#directories.impliedDirectories(),
      whiteouts: [...this.#whiteouts],
      rootNamed: this.#directories.root.metadata !== undefined,
      rootOpaque: this.#directories.root.opaque,
    };
  }

  [Symbol.dispose](): void {
    this.#directories[Symbol.dispose]();
  }

  #noteTime(time: TarTime): void {
    if (!this.#isEmpty) return;
    this.#isEmpty = false;
    this.#directories.root.impliedTime = time;
  }

  #create<Result>(location: NodeLocation, make: (directoryFd: number) => Result): Result {
    this.#claim(location.key);
    try {
      return make(this.#directories.fdForChange(location.directory));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#vacate(location);
    // Removing a directory has also removed its key from `#own`.
    this.#claim(location.key);
    return make(this.#directories.fdForChange(location.directory));
  }

  #existingDirectory(location: NodeLocation): DirectoryState | undefined {
    const known = this.#directories.get(location.key);
    if (known || this.#below !== 'complete') return known;
    const stat = statAtIfThere(this.#directories.fd(location.directory), location.name);
    if (stat?.type !== 'directory') return undefined;
    return this.#directories.adopt(location.directory, location.key, stat);
  }

  #makeNewDirectory(location: NodeLocation, metadata: NodeMetadata): void {
    const created = { metadata, impliedTime: metadata.mtime, opaque: false, assumed: false, deletionsOnly: false };
    const { directory, name, key } = location;
    try {
      return this.#directories.make(directory, name, key, created);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#vacate(location);
    // The removed node hid a directory of the layers below, which must stay hidden.
    this.#directories.make(directory, name, key, { ...created, opaque: this.#below !== 'complete' });
  }

  #vacate(location: NodeLocation): void {
    const stat = statAt(this.#directories.fd(location.directory), location.name);
    if (stat.type === 'directory') this.#removeDirectory(location, stat);
    else this.#removeNode(location, stat);
    this.#resolver.forget();
  }

  #removeNode(location: NodeLocation, stat: FileStat): void {
    if (!this.#whiteouts.delete(location.key) && !this.#copiedUp.delete(location.key))
      this.#reportReplaced(location, stat);
    unlinkAt(this.#directories.fdForChange(location.directory), location.name);
  }

  #removeDirectory(location: NodeLocation, stat: FileStat): void {
    for (const { name } of listFd(this.#directories.fd(location.key))) {
      const child = { directory: location.key, name, key: childKey(location.key, pathKey(name)), isPlain: true };
      const childStat = statAt(this.#directories.fd(location.key), name);
      if (childStat.type === 'directory') this.#removeDirectory(child, childStat);
      else this.#removeNode(child, childStat);
    }
    this.#reportReplaced(location, stat);
    rmdirAt(this.#directories.fdForChange(location.directory), location.name);
    this.#directories.forget(location.key);
    this.#own.delete(location.key);
  }

  #reportReplaced(location: NodeLocation, stat: FileStat): void {
    this.#onReplace(location, stat, this.#directories.fd(location.directory));
  }

  #claim(key: string): void {
    this.#copiedUp.delete(key);
    if (this.#below !== 'complete') return;
    for (let at = key; !this.#own.has(at); at = parentKey(at)) this.#own.add(at);
  }

  #removeForeign(location: NodeLocation, stat: FileStat): void {
    if (!this.#own.has(location.key)) {
      if (stat.type === 'directory') this.#removeDirectory(location, stat);
      else this.#removeNode(location, stat);
      this.#resolver.forget();
    } else if (stat.type === 'directory') this.#removeForeignIn(location.key);
  }

  #removeForeignIn(directory: string): void {
    for (const { name } of listFd(this.#directories.fd(directory))) {
      const stat = statAt(this.#directories.fd(directory), name);
      const key = childKey(directory, pathKey(name));
      this.#removeForeign({ directory, name, key, isPlain: true }, stat);
    }
  }

  #linkSource(target: Uint8Array, path: Uint8Array, time: TarTime): NodeLocation {
    const directory = this.#resolver.look(parentKey(pathKey(target)), path);
    if (directory === undefined) throw missingTarget(target, path);
    const source = locationIn(directory, target.subarray(nameStart(target)));
    const stat = this.#directories.has(directory)
      ? statAtIfThere(this.#directories.fd(directory), source.name)
      : undefined;
    if (!stat) return this.#linkSourceBelow(source, target, path, time);
    if (this.#below !== 'complete' && isWhiteout(stat)) throw missingTarget(target, path);
    if (stat.type === 'directory') throw invalidEntry(path, 'is a hardlink to a directory');
    return source;
  }

  #linkSourceBelow(source: NodeLocation, target: Uint8Array, path: Uint8Array, time: TarTime): NodeLocation {
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

const rootLocation: NodeLocation = { directory: '', name: new Uint8Array(0), key: '', isPlain: true };

const locationIn = (directory: string, name: Uint8Array): NodeLocation => ({
  directory,
  name,
  key: childKey(directory, pathKey(name)),
  isPlain: false,
});
