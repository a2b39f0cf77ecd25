import { setImmediate } from 'node:timers/promises';
import type { ChmodChange } from '../../dockerfile/chmod.ts';
import type { InlineFile } from '../../dockerfile/instructions/types.ts';
import { invariant } from '../../lib/invariant.ts';
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY } from '../../sys/constants.ts';
import { writeFully } from '../../sys/fd-io.ts';
import { chmodAt, chmodFd, chownAt, chownFd, type FileTime, utimensFd } from '../../sys/file-attributes.ts';
import { FileData } from '../../sys/file-data.ts';
import { closeFd, linkAt, mkdirAt, openAt } from '../../sys/fs-at.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAtIfThere, statFd } from '../../sys/stat.ts';
import { getXattrAt, listXattrsAt, setXattrAt } from '../../sys/xattr.ts';
import { chunksOf } from '../archive/file-chunks.ts';
import { isArchive, unpackArchive } from '../archive/unpack-archive.ts';
import { type BuildContext, ContextEntry, type ContextSource } from '../context/build-context.ts';
import { contextChanged, stillThere } from '../context/context-changed.ts';
import { type ContextStamps, contextPath, isUnchanged } from '../context/context-stamps.ts';
import { isCopiedXattr } from '../context/copied-xattrs.ts';
import { openForReading } from '../context/file-digest.ts';
import { FileLane, type LaneItem } from '../work/file-lane.ts';
import type { CopyDifference } from './copy-difference.ts';
import { type CopiedAs, FileCopier } from './file-copier.ts';
import { type Owner, resolveOwner } from './owner.ts';
import { addSpecial } from './special-entry.ts';
import { TouchedDirectories } from './touched-directories.ts';
import { TreeTarget } from './tree-target.ts';

export interface TreeWriterOptions {
  /** `user[:group]`, resolved in the tree, empty for root; or what it came to before. */
  readonly chown: string | Owner;
  /** What is copied keeps its owner; directories on the way there are still of `chown`. */
  readonly keepsOwner: boolean;
  readonly chmod: ChmodChange | undefined;
  /** What `chmod` was read from; empty without it. */
  readonly chmodText: string;
  /** Of what is made here and has no time of its own; the clock's without it. */
  readonly time: FileTime | undefined;
  readonly signal: AbortSignal;
}

/** The files of one source. */
interface CopiedFiles {
  readonly source: ContextSource;
  readonly stamps: ContextStamps;
  /** Where the first name of a file of several is, by inode. */
  readonly links: Map<string, Uint8Array>;
}

interface LaneFile extends LaneItem {
  readonly entry: ContextEntry;
  /** Where it is in the context, and where it goes. */
  readonly from: string;
  readonly path: Uint8Array;
}

const batch = 64;
// Fewer are copied before a second thread has started.
const fewFiles = 1000;
const slash = Buffer.from('/');

/** Puts files into an image's tree as COPY does: by descriptor, never through what the image made of a path. */
export class TreeWriter implements Disposable {
  readonly #tree: RootedTree;
  readonly #target: TreeTarget;
  readonly #options: TreeWriterOptions;
  readonly #owner: Owner;
  readonly #data: FileData;
  readonly #copier: FileCopier;
  readonly #touched: TouchedDirectories | undefined;
  /** Directories whose times are set last, because every new name in them changes them. */
  readonly #times: { readonly path: Uint8Array; readonly mtime: FileTime }[] = [];
  #count = 0;
  #hasMet = false;

  constructor(directory: string, options: TreeWriterOptions) {
    this.#tree = RootedTree.open(directory);
    this.#options = options;
    try {
      const { chown } = options;
      this.#owner = typeof chown === 'string' ? resolveOwner(chown, this.#tree) : chown;
    } catch (error) {
      this.#tree.close();
      throw error;
    }
    this.#touched = options.time && new TouchedDirectories(this.#tree, options.time);
    this.#target = new TreeTarget(this.#tree, this.#owner, this.#touched);
    this.#data = new FileData(() => options.signal.throwIfAborted());
    this.#copier = new FileCopier(this.#copiedAs, this.#data);
  }

  /** Who gets what is copied. */
  get owner(): Owner {
    return this.#owner;
  }

  /** Whether something of what is copied went where something stood. */
  get hasMet(): boolean {
    return this.#hasMet || this.#target.hasReplaced;
  }

  /** True when `path` is a directory now, symlinks of the tree followed. */
  isDirectory(path: string): boolean {
    return this.#target.isDirectory(Buffer.from(path));
  }

  /**
   * A folder's content goes into the destination; a file becomes it, or goes into it when it is a directory. Every entry
   * is compared with `stamps`. Throws ERR_CONTEXT_CHANGED, ERR_COPY_DESTINATION, ERR_CONTEXT_SPECIAL_FILE.
   */
  async copy(context: BuildContext, source: ContextSource, destination: string, stamps: ContextStamps): Promise<void> {
    const target = source.isDirectory ? Buffer.from(destination) : this.#fileTarget(destination, source.name);
    const files: CopiedFiles = { source, stamps, links: new Map() };
    await using lane = this.#laneFor(files);
    for (const entry of context.walk(source)) {
      await this.#pause();
      const path = entry.path.length === 0 ? target : Buffer.concat([target, slash, entry.path]);
      if (entry.type === 'file') {
        if (stamps.count > fewFiles && this.#data.canReflink === false && source.isDirectory) {
          const { fd, name } = this.#target.parentToChange(path);
          const from = contextPath(source, entry.path);
          await lane.add(
            { name, path, entry, from, folder: from.slice(0, from.lastIndexOf('/') + 1) },
            entry.dirFd,
            fd,
          );
        } else this.#addFile(path, entry, files);
      } else {
        stamps.check(source, entry, entry.stat);
        if (source.isDirectory && entry.path.length === 0) this.#makeRoot(path, entry);
        else this.#add(path, entry);
      }
    }
    await lane.drain();
  }

  /** Makes of an earlier copy of a folder, in the same place, what it is to be now. Throws as {@link copy} does. */
  async amend(
    context: BuildContext,
    source: ContextSource,
    destination: string,
    { removed, changed, directories, stamps }: CopyDifference & { readonly stamps: ContextStamps },
  ): Promise<void> {
    const target = Buffer.from(destination);
    const placeOf = (path: string): Uint8Array =>
      path === '' ? target : Buffer.concat([target, slash, Buffer.from(path, 'latin1')]);
    const files: CopiedFiles = { source, stamps, links: new Map() };
    for (const path of removed) this.#target.remove(placeOf(path));
    for (const path of changed) {
      await this.#pause();
      const entry = context.entry(source, Buffer.from(path, 'latin1'));
      if (entry.type === 'file') this.#addFile(placeOf(path), entry, files);
      else {
        stamps.check(source, entry, entry.stat);
        this.#add(placeOf(path), entry);
      }
    }
    for (const { path, mtime } of directories) this.#times.push({ path: placeOf(path), mtime });
  }

  /**
   * An archive's entries go into the destination, a directory from now on, and stay what the archive says; `--chown`
   * alone counts for them. False, and nothing done, for a file that is no archive. Throws ERR_CONTEXT_CHANGED,
   * ERR_COPY_DESTINATION, and what {@link unpackArchive} throws.
   */
  async unpack(
    context: BuildContext,
    source: ContextSource,
    destination: string,
    stamps: ContextStamps,
  ): Promise<boolean> {
    const { signal } = this.#options;
    for (const entry of context.walk(source)) {
      if (entry.type !== 'file') return false;
      const from = stillThere(source.path, () => openForReading(entry.dirFd, entry.name));
      try {
        if (!(await isArchive(chunksOf(from), { signal }))) return false;
        stamps.check(source, entry, statFd(from));
        await this.#unpackInto(Buffer.from(destination), chunksOf(from));
        stamps.check(source, entry, statFd(from));
      } finally {
        closeFd(from);
      }
    }
    return true;
  }

  /** A file whose content stands in the Dockerfile. Throws ERR_COPY_DESTINATION. */
  write(file: InlineFile, destination: string): void {
    const fd = this.#createFile(this.#fileTarget(destination, Buffer.from(file.name)), 0o600);
    try {
      writeFully(fd, Buffer.from(file.content));
      chownFd(fd, this.#owner.uid, this.#owner.gid);
      chmodFd(fd, this.#mode(0o644, false));
      const { time } = this.#options;
      if (time !== undefined) utimensFd(fd, time, time);
    } finally {
      closeFd(fd);
    }
  }

  /** Sets the directories' times; nothing may be written afterwards. */
  finish(): void {
    this.#touched?.finish();
    for (const { path, mtime } of this.#times.reverse()) {
      const fd = this.#tree.open(path, O_RDONLY | O_DIRECTORY);
      try {
        utimensFd(fd, mtime, mtime);
      } finally {
        closeFd(fd);
      }
    }
    this.#times.length = 0;
  }

  [Symbol.dispose](): void {
    this.#tree.close();
  }

  async #unpackInto(path: Uint8Array, archive: AsyncIterable<Uint8Array>): Promise<void> {
    // Of directories copied before, the archive may leave nothing.
    this.finish();
    this.#target.directory(path);
    const fd = this.#tree.open(path, O_RDONLY | O_DIRECTORY);
    try {
      const owner = this.#options.chown === '' ? undefined : this.#owner;
      const { signal } = this.#options;
      await unpackArchive(archive, `/proc/self/fd/${fd}`, { owner, isLayer: true, signal });
    } finally {
      closeFd(fd);
      this.#tree.invalidate();
    }
  }

  /** Now and then lets others work, and looks at the signal. */
  #pause(): Promise<void> | undefined {
    return ++this.#count % batch === 0 ? this.#rest() : undefined;
  }

  async #rest(): Promise<void> {
    await setImmediate();
    this.#options.signal.throwIfAborted();
  }

  #fileTarget(destination: string, name: Uint8Array): Uint8Array {
    const path = Buffer.from(destination);
    if (!destination.endsWith('/') && !this.#target.isDirectory(path)) return this.#target.followed(path);
    return Buffer.concat([Buffer.from(`${destination.replace(/\/+$/, '')}/`), name]);
  }

  /**
   * The destination of a folder's content: as it is when it stands, else a new one, of the mode all new ones have, as in
   * BuildKit, whatever `--chmod` says; only the time is the folder's.
   */
  #makeRoot(path: Uint8Array, { stat }: ContextEntry): void {
    if (!this.#target.isDirectory(path)) this.#target.directory(path);
    this.#times.push({ path, mtime: stat.mtime });
  }

  #add(path: Uint8Array, entry: ContextEntry): void {
    if (entry.stat.type === 'directory') this.#addDirectory(path, entry);
    else addSpecial(this.#target, path, entry, this.#copiedAs);
  }

  #addDirectory(path: Uint8Array, entry: ContextEntry): void {
    const { fd, name } = this.#target.parent(path);
    const standing = statAtIfThere(fd, name);
    if (standing !== undefined && standing.type !== 'directory') throw this.#target.notADirectory(path);
    if (standing === undefined) {
      mkdirAt(fd, name, 0o700);
      this.#touched?.add(fd);
    } else this.#hasMet = true;
    const { uid, gid } = this.#copiedAs.owner ?? entry.stat;
    chownAt(fd, name, uid, gid);
    this.#copyXattrs(entry, fd, name);
    chmodAt(fd, name, this.#mode(entry.stat.permissions, true));
    this.#times.push({ path, mtime: entry.stat.mtime });
  }

  /** Most files of a large context are small, new and of one name: two threads copy them. */
  #laneFor(files: CopiedFiles): FileLane<LaneFile> {
    const { signal, chmodText } = this.#options;
    return new FileLane({
      jobOf: (items, dirFd, toFd) => {
        invariant(toFd !== undefined, 'files are copied to somewhere');
        return {
          kind: 'copy',
          dirFd,
          toFd,
          names: items.map(({ name }) => name),
          owner: this.#copiedAs.owner,
          chmod: chmodText,
        };
      },
      done: ({ name, path, entry, from }, stamp, dirFd) => {
        if (stamp !== '') return files.stamps.checkStamp(from, stamp);
        return this.#addFile(path, new ContextEntry({ path: entry.path, dirFd, name, type: 'file' }), files);
      },
      signal,
    });
  }

  #addFile(path: Uint8Array, entry: ContextEntry, { source, stamps, links }: CopiedFiles): void {
    const from = stillThere(entry.path, () => openForReading(entry.dirFd, entry.name));
    try {
      const stat = statFd(from);
      stamps.check(source, entry, stat);
      if (this.#link(path, stat, links)) return;
      const to = this.#createFile(path, this.#copier.modeOf(stat) & 0o777);
      try {
        this.#copier.copy(from, to, stat);
      } finally {
        closeFd(to);
      }
      // The key was made of what the file held before: it must not have been written to while it was copied.
      if (!isUnchanged(stat, statFd(from))) throw contextChanged(entry.path.length > 0 ? entry.path : entry.name);
    } finally {
      closeFd(from);
    }
  }

  #createFile(path: Uint8Array, mode: number): number {
    return this.#target.create(path, 'file', ({ fd, name }) => openAt(fd, name, O_WRONLY | O_CREAT | O_EXCL, mode));
  }

  /** Names of one file stay names of one file. */
  #link(path: Uint8Array, stat: FileStat, links: Map<string, Uint8Array>): boolean {
    if (stat.nlink < 2) return false;
    const inode = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
    const first = links.get(inode);
    if (first === undefined) {
      links.set(inode, path);
      return false;
    }
    this.#target.create(path, 'file', (to) => {
      const from = this.#target.parent(first);
      linkAt(from.fd, from.name, to.fd, to.name);
    });
    return true;
  }

  #copyXattrs({ dirFd, name, path }: ContextEntry, toFd: number, toName: Uint8Array | string): void {
    for (const attribute of stillThere(path, () => listXattrsAt(dirFd, name)).filter(isCopiedXattr)) {
      const value = getXattrAt(dirFd, name, attribute);
      if (value !== undefined) setXattrAt(toFd, toName, attribute, value);
    }
  }

  get #copiedAs(): CopiedAs {
    const { keepsOwner, chmod } = this.#options;
    return { owner: keepsOwner ? undefined : this.#owner, chmod };
  }

  #mode(mode: number, isDirectory: boolean): number {
    return this.#options.chmod ? this.#options.chmod(mode, isDirectory) : mode;
  }
}
