import type { SparseRun, TarEntry, TarSink } from '../../archive/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { O_NOFOLLOW, O_RDONLY } from '../../sys/constants.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import type { FileStat } from '../../sys/stat.ts';
import type { BodySource, RecordKind } from '../index-file/entry-record.ts';
import type { IndexWriter } from '../index-file/index-writer.ts';
import type { PathList } from '../index-file/path-list.ts';
import { readStoredBody } from '../read-stored-body.ts';
import { invalidEntry, nameStart, normalizePath, pathFromKey } from '../tree-path.ts';
import { hasJunkDirectory, meaningOf } from '../whiteout-names.ts';
import { isApplied } from '../xattrs.ts';
import type { TreeNotes } from './directory-state.ts';
import { entryFailure } from './failures.ts';
import { FileBody } from './file-body.ts';
import type { NodeMetadata } from './node-metadata.ts';
import type { Below } from './path-resolver.ts';
import { type NodeLocation, TargetTree } from './target-tree.ts';

export interface LayerSinkOptions {
  /** Tree paths of the index's records. */
  readonly paths: PathList;
  readonly below: Below;
  readonly rootless: boolean;
  readonly isBase: boolean;
}

/** The entry whose body is being received. */
interface Current {
  readonly entry: TarEntry;
  readonly kind: RecordKind;
  readonly treePath: Uint8Array;
  readonly body: BodySource;
  readonly file: FileBody | undefined;
}

const nowhere = new Uint8Array(0);
const maxId = 0xffff_fffe;
// A few megabytes: an archive of a few kilobytes can describe gigabytes of runs.
const maxKeptRuns = 1 << 16;

/** Puts the entries of an archive into a tree and writes them into an index. */
export class LayerSink implements TarSink, Disposable {
  readonly #tree: TargetTree;
  readonly #index: IndexWriter;
  readonly #root: string;
  readonly #rootless: boolean;
  readonly #paths: PathList;
  /** Runs of sparse files, in case a later entry replaces one; undefined once too many are kept. */
  readonly #sparse = new Map<number, readonly SparseRun[] | undefined>();
  #runsLeft = maxKeptRuns;
  #current: Current | undefined;
  #sizeBytes = 0;
  #tarSizeBytes = 0;

  constructor(root: string, index: IndexWriter, options: LayerSinkOptions) {
    this.#index = index;
    this.#root = root;
    this.#rootless = options.rootless;
    this.#paths = options.paths;
    const onReplace = (location: NodeLocation, stat: FileStat, directoryFd: number): void =>
      this.#replace(location, stat, directoryFd);
    this.#tree = new TargetTree(root, { ...options, onReplace });
  }

  /** Sum of the logical sizes of the files in the tree so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get tarSizeBytes(): number {
    return this.#tarSizeBytes;
  }

  get parentDependent(): boolean {
    return this.#tree.parentDependent;
  }

  get warnings(): string[] {
    return this.#tree.metadata.warnings;
  }

  entry(entry: TarEntry, rawHeader: Uint8Array): void {
    this.#tarSizeBytes += rawHeader.length;
    try {
      this.#current = this.#put(entry);
    } catch (error) {
      throw entryFailure(error, entry.path, this.#root);
    }
    this.#index.begin(rawHeader);
  }

  data(chunk: Uint8Array): void {
    this.#tarSizeBytes += chunk.length;
    const file = this.#current?.file;
    if (!file) return this.#index.keep(chunk);
    try {
      file.write(chunk);
    } catch (error) {
      throw entryFailure(error, this.#current?.entry.path ?? nowhere, this.#root);
    }
    return undefined;
  }

  endEntry(padding: Uint8Array): void {
    const current = this.#current;
    invariant(current, 'an entry has begun');
    const { entry, kind, treePath, file } = current;
    this.#tarSizeBytes += padding.length;
    if (file) this.#finishFile(file, entry, treePath);
    this.#current = undefined;
    if (file) closeFd(file.fd);
    const ordinal = this.#index.end(
      {
        kind,
        path: entry.path,
        treePath,
        typeflag: entry.typeflag,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        sizeBytes: entry.sizeBytes,
        storedSizeBytes: entry.storedSizeBytes,
        mtime: entry.mtime,
        linkPath: entry.linkPath,
        deviceMajor: entry.deviceMajor,
        deviceMinor: entry.deviceMinor,
        xattrs: entry.xattrs,
        sparse: entry.sparse,
        body: current.body,
        xattrsStripped: entry.xattrs.size > 0 && ![...entry.xattrs.keys()].every(isApplied),
      },
      padding,
    );
    if (kind === 'file') this.#sizeBytes += entry.sizeBytes;
    if (kind === 'file' && entry.sparse) {
      this.#runsLeft -= entry.sparse.length;
      this.#sparse.set(ordinal, this.#runsLeft < 0 ? undefined : entry.sparse);
    }
  }

  trailer(chunk: Uint8Array): void {
    this.#tarSizeBytes += chunk.length;
    this.#index.trailer(chunk);
  }

  /** Finishes the tree. Call it after the parser has finished. */
  finish(): TreeNotes {
    return this.#tree.finish();
  }

  [Symbol.dispose](): void {
    const file = this.#current?.file;
    this.#current = undefined;
    if (file) closeFd(file.fd);
    this.#tree[Symbol.dispose]();
  }

  #put(entry: TarEntry): Current {
    const treePath = normalizePath(entry.path);
    if (treePath.length === 0) return this.#putRoot(entry, treePath);
    if (hasJunkDirectory(treePath, entry.path)) return ignoreEntry(entry);
    const start = nameStart(treePath);
    const meaning = meaningOf(treePath.subarray(start), entry.path);
    switch (meaning.kind) {
      case 'plain':
        return this.#putPlain(entry, treePath);
      case 'junk':
        return ignoreEntry(entry);
      case 'opaque': {
        const location = this.#tree.locateDeletion(treePath, entry.path, entry.mtime);
        if (location) this.#tree.hideBelow(location.directory);
        return toDeletion(
          entry,
          'opaque',
          location ? pathFromKey(location.directory) : treePath.subarray(0, Math.max(start - 1, 0)),
        );
      }
      case 'whiteout': {
        const hidden = new Uint8Array(start + meaning.hides.length);
        hidden.set(treePath.subarray(0, start));
        hidden.set(meaning.hides, start);
        const location = this.#tree.locateDeletion(hidden, entry.path, entry.mtime);
        if (location) this.#tree.whiteout(location);
        return toDeletion(entry, 'whiteout', location ? pathFromKey(location.key) : hidden);
      }
    }
  }

  // CVE-2021-29136: a root that becomes a symlink would be followed by everything after it.
  #putRoot(entry: TarEntry, treePath: Uint8Array): Current {
    if (entry.type !== 'directory') {
      // Docker ignores an entry without a name, too.
      if (entry.path.length === 0) return ignoreEntry(entry);
      throw invalidEntry(entry.path, `makes the root a ${entry.type}`);
    }
    this.#tree.nameRoot(copyMetadata(metadataOf(entry)));
    return { entry, kind: 'directory', treePath, body: bodyOf(entry, undefined), file: undefined };
  }

  #putPlain(entry: TarEntry, treePath: Uint8Array): Current {
    const { type, path } = entry;
    const isDevice = type === 'character-device' || type === 'block-device';
    // A layer deletes by name. An overlayfs whiteout in an archive comes from a tool that packed an upper directory.
    if (isDevice && entry.deviceMajor === 0 && entry.deviceMinor === 0) return ignoreEntry(entry);
    if (isDevice && (entry.deviceMajor > 0xfff || entry.deviceMinor > 0xfffff)) {
      throw invalidEntry(
        path,
        `has the device number ${entry.deviceMajor}:${entry.deviceMinor}, which is out of range`,
      );
    }
    const metadata = metadataOf(entry);
    const location = this.#tree.locate(treePath, path, entry.mtime);
    const file = this.#make(entry, location, metadata);
    const at = location.isPlain ? treePath : pathFromKey(location.key);
    return { entry, kind: type, treePath: at, body: bodyOf(entry, file), file };
  }

  #make(entry: TarEntry, location: NodeLocation, metadata: NodeMetadata): FileBody | undefined {
    switch (entry.type) {
      case 'file':
        return new FileBody(this.#tree.createFile(location, metadata.mode), entry);
      case 'directory':
        this.#tree.makeDirectory(location, copyMetadata(metadata));
        return undefined;
      case 'symlink':
        this.#tree.makeSymlink(location, entry.linkPath, metadata);
        return undefined;
      case 'hardlink':
        this.#tree.makeHardlink(location, normalizePath(entry.linkPath), entry.path, entry.mtime);
        return undefined;
      case 'character-device':
      case 'block-device':
        // Devices cannot be made in a user namespace: they are in the index only.
        if (this.#rootless) return undefined;
        break;
      case 'fifo':
    }
    const device = { major: entry.deviceMajor, minor: entry.deviceMinor };
    this.#tree.makeNode(location, entry.type, device, metadata);
    return undefined;
  }

  #finishFile(file: FileBody, entry: TarEntry, treePath: Uint8Array): void {
    try {
      file.end();
      this.#tree.metadata.newFile(file.fd, metadataOf(entry), treePath);
    } catch (error) {
      throw entryFailure(error, entry.path, this.#root);
    }
  }

  #replace(location: NodeLocation, stat: FileStat, directoryFd: number): void {
    const paths = this.#paths;
    const ordinal = paths.find(pathFromKey(location.key));
    if (ordinal === undefined) return;
    this.#sizeBytes -= paths.sizeBytes(ordinal);
    if (paths.kind(ordinal) !== 'file' || stat.size === 0) return this.#index.replace(ordinal);
    const runs = this.#sparse.get(ordinal);
    if (runs === undefined && this.#sparse.has(ordinal)) return this.#index.lose(ordinal);
    const fd = openAt(directoryFd, location.name, O_RDONLY | O_NOFOLLOW);
    try {
      this.#index.replace(ordinal, readStoredBody(fd, stat.size, runs));
    } finally {
      closeFd(fd);
    }
    return undefined;
  }
}

const ignoreEntry = (entry: TarEntry): Current => ({
  entry,
  kind: 'ignored',
  treePath: nowhere,
  body: 'index',
  file: undefined,
});

const toDeletion = (entry: TarEntry, kind: 'whiteout' | 'opaque', treePath: Uint8Array): Current => ({
  entry,
  kind,
  treePath,
  body: 'index',
  file: undefined,
});

const bodyOf = ({ storedSizeBytes }: TarEntry, file: FileBody | undefined): BodySource =>
  file ? 'tree' : storedSizeBytes > 0 ? 'index' : 'none';

/** Directories are finished last. Keeping the whole entry until then would keep the buffer of its headers in memory. */
function copyMetadata({ uid, gid, mode, mtime, xattrs }: NodeMetadata): NodeMetadata {
  const copied = xattrs.size === 0 ? xattrs : new Map([...xattrs].map(([name, value]) => [name, value.slice()]));
  return { uid, gid, mode, mtime, xattrs: copied };
}

function metadataOf(entry: TarEntry): NodeMetadata {
  const { uid, gid } = entry;
  // chown takes (uid_t)-1 as "leave unchanged".
  if (!(uid >= 0 && uid <= maxId && gid >= 0 && gid <= maxId)) {
    throw invalidEntry(entry.path, `has the owner ${uid}:${gid}, which is out of range`);
  }
  return entry;
}
