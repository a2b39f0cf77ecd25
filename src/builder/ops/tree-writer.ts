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
import { fileChunks } from '../archive/file-chunks.ts';
import { isArchive, unpackArchive } from '../archive/unpack-archive.ts';
import { type BuildContext, ContextEntry, type ContextSource } from '../context/build-context.ts';
import { contextChangedError, expectUnchanged } from '../context/context-changed.ts';
import { type ContextStamps, contextPath, isUnchanged } from '../context/context-stamps.ts';
import { openForReading } from '../context/file-digest.ts';
import { isCopiedXattr } from '../context/is-copied-xattr.ts';
import { FileLane, type LaneItem } from '../work/file-lane.ts';
import type { CopyDifference } from './copy-difference.ts';
import { type CopyAttributes, FileCopier } from './file-copier.ts';
import { type Owner, resolveOwner } from './owner.ts';
import { copySpecialEntry } from './special-entry.ts';
import { TouchedDirectories } from './touched-directories.ts';
import { TreeTarget } from './tree-target.ts';

export interface TreeWriterOptions {
  /** `user[:group]`, to be resolved in the tree, empty for root; or an owner that was resolved before. */
  readonly chown: string | Owner;
  /** True keeps the owners of copied files; new directories above them still belong to `chown`. */
  readonly keepsOwner: boolean;
  readonly chmod: ChmodChange | undefined;
  /** Text that `chmod` was parsed from; empty without it. */
  readonly chmodText: string;
  /** Time of created entries that have none of their own; undefined for the clock's. */
  readonly time: FileTime | undefined;
  readonly signal: AbortSignal;
}

/** The files of one source. */
interface CopiedFiles {
  readonly source: ContextSource;
  readonly stamps: ContextStamps;
  /** Destination of the first name of each file with several names, by inode. */
  readonly links: Map<string, Uint8Array>;
}

interface LaneFile extends LaneItem {
  readonly entry: ContextEntry;
  /** Path in the context, and destination. */
  readonly from: string;
  readonly path: Uint8Array;
}

const batch = 64;
// Fewer files are copied before a second thread has started.
const fewFiles = 1000;
const slash = Buffer.from('/');

/** Puts files into an image's tree for COPY: by descriptor, so that no symlink of the image leads out of it. */
export class TreeWriter implements Disposable {
  readonly #tree: RootedTree;
  readonly #target: TreeTarget;
  readonly #options: TreeWriterOptions;
  readonly #owner: Owner;
  readonly #data: FileData;
  readonly #copier: FileCopier;
  readonly #touched: TouchedDirectories | undefined;
  /** Directories with times to be set last, because every new name in them changes them. */
  readonly #times: { readonly path: Uint8Array; readonly mtime: FileTime }[] = [];
  #count = 0;
  #hasMetExisting = false;

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
    this.#copier = new FileCopier(this.#attributes, this.#data);
  }

  /** Owner of copied files. */
  get owner(): Owner {
    return this.#owner;
  }

  /** True once a copied entry landed on an existing path. */
  get hasMetExisting(): boolean {
    return this.#hasMetExisting || this.#target.hasReplaced;
  }

  /** True when `path` is a directory now, symlinks of the tree followed. */
  isDirectory(path: string): boolean {
    return this.#target.isDirectory(Buffer.from(path));
  }

  /**
   * Copies a folder's content into the destination; a file becomes it, or is copied into it when it is a directory.
   * Compares every entry with `stamps`. Throws ERR_CONTEXT_CHANGED, ERR_COPY_DESTINATION, ERR_CONTEXT_SPECIAL_FILE.
   */
  async copy(context: BuildContext, source: ContextSource, destination: string, stamps: ContextStamps): Promise<void> {
    const target = source.isDirectory ? Buffer.from(destination) : this.#fileTarget(destination, source.name);
    const files: CopiedFiles = { source, stamps, links: new Map() };
    await using lane = this.#laneFor(files);
    for (const entry of context.walk(source)) {
      await this.#yield();
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

  /**
   * Turns an earlier copy of a folder, at the same destination, into the requested one. Throws as {@link copy} does.
   */
  async amend(
    context: BuildContext,
    source: ContextSource,
    destination: string,
    { removed, changed, directories, stamps }: CopyDifference & { readonly stamps: ContextStamps },
  ): Promise<void> {
    const target = Buffer.from(destination);
    const destinationOf = (path: string): Uint8Array =>
      path === '' ? target : Buffer.concat([target, slash, Buffer.from(path, 'latin1')]);
    const files: CopiedFiles = { source, stamps, links: new Map() };
    for (const path of removed) this.#target.remove(destinationOf(path));
    for (const path of changed) {
      await this.#yield();
      const entry = context.entry(source, Buffer.from(path, 'latin1'));
      if (entry.type === 'file') this.#addFile(destinationOf(path), entry, files);
      else {
        stamps.check(source, entry, entry.stat);
        this.#add(destinationOf(path), entry);
      }
    }
    for (const { path, mtime } of directories) this.#times.push({ path: destinationOf(path), mtime });
  }

  /**
   * Unpacks an archive into the destination, which becomes a directory. The entries keep the archive's attributes; only
   * `--chown` applies to them. Returns false, with nothing done, for a file that is not an archive. Throws
   * ERR_CONTEXT_CHANGED, ERR_COPY_DESTINATION, and what {@link unpackArchive} throws.
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
      const from = expectUnchanged(source.path, () => openForReading(entry.dirFd, entry.name));
      try {
        if (!(await isArchive(fileChunks(from), { signal }))) return false;
        stamps.check(source, entry, statFd(from));
        await this.#unpackInto(Buffer.from(destination), fileChunks(from));
        stamps.check(source, entry, statFd(from));
      } finally {
        closeFd(from);
      }
    }
    return true;
  }

  /** Writes a file that has its content in the Dockerfile. Throws ERR_COPY_DESTINATION. */
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
    // Finish directories copied so far: unpacking may replace them.
    this.finish();
    this.#target.makeDirectory(path);
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

  /** Yields to other work now and then, and checks the signal. */
  #yield(): Promise<void> | undefined {
    return ++this.#count % batch === 0 ? this.#rest() : undefined;
  }

  async #rest(): Promise<void> {
    await setImmediate();
    this.#options.signal.throwIfAborted();
  }

  #fileTarget(destination: string, name: Uint8Array): Uint8Array {
    const path = Buffer.from(destination);
    if (!destination.endsWith('/') && !this.#target.isDirectory(path)) return this.#target.followLast(path);
    return Buffer.concat([Buffer.from(`${destination.replace(/\/+$/, '')}/`), name]);
  }

  /**
   * Prepares the destination of a folder's content. An existing directory stays unchanged; a new one gets the mode of
   * all new ones, whatever `--chmod` says, as in BuildKit. Only the time is the folder's.
   */
  #makeRoot(path: Uint8Array, { stat }: ContextEntry): void {
    if (!this.#target.isDirectory(path)) this.#target.makeDirectory(path);
    this.#times.push({ path, mtime: stat.mtime });
  }

  #add(path: Uint8Array, entry: ContextEntry): void {
    if (entry.stat.type === 'directory') this.#addDirectory(path, entry);
    else copySpecialEntry(this.#target, path, entry, this.#attributes);
  }

  #addDirectory(path: Uint8Array, entry: ContextEntry): void {
    const { fd, name } = this.#target.parent(path);
    const existing = statAtIfThere(fd, name);
    if (existing !== undefined && existing.type !== 'directory') throw this.#target.notADirectoryError(path);
    if (existing === undefined) {
      mkdirAt(fd, name, 0o700);
      this.#touched?.add(fd);
    } else this.#hasMetExisting = true;
    const { uid, gid } = this.#attributes.owner ?? entry.stat;
    chownAt(fd, name, uid, gid);
    this.#copyXattrs(entry, fd, name);
    chmodAt(fd, name, this.#mode(entry.stat.permissions, true));
    this.#times.push({ path, mtime: entry.stat.mtime });
  }

  /**
   * Returns a lane that copies files in two threads: most files of a large context are small, new and not hard-linked.
   */
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
          owner: this.#attributes.owner,
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
    const from = expectUnchanged(entry.path, () => openForReading(entry.dirFd, entry.name));
    try {
      const stat = statFd(from);
      stamps.check(source, entry, stat);
      if (this.#linkAgain(path, stat, links)) return;
      const to = this.#createFile(path, this.#copier.modeOf(stat) & 0o777);
      try {
        this.#copier.copy(from, to, stat);
      } finally {
        closeFd(to);
      }
      // The key has the content from before: the file must not have been written to while it was copied.
      if (!isUnchanged(stat, statFd(from))) throw contextChangedError(entry.path.length > 0 ? entry.path : entry.name);
    } finally {
      closeFd(from);
    }
  }

  #createFile(path: Uint8Array, mode: number): number {
    return this.#target.create(path, 'file', ({ fd, name }) => openAt(fd, name, O_WRONLY | O_CREAT | O_EXCL, mode));
  }

  /** Keeps hard links: returns true after linking a further name of a copied file. */
  #linkAgain(path: Uint8Array, stat: FileStat, links: Map<string, Uint8Array>): boolean {
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
    for (const attribute of expectUnchanged(path, () => listXattrsAt(dirFd, name)).filter(isCopiedXattr)) {
      const value = getXattrAt(dirFd, name, attribute);
      if (value !== undefined) setXattrAt(toFd, toName, attribute, value);
    }
  }

  get #attributes(): CopyAttributes {
    const { keepsOwner, chmod } = this.#options;
    return { owner: keepsOwner ? undefined : this.#owner, chmod };
  }

  #mode(mode: number, isDirectory: boolean): number {
    return this.#options.chmod ? this.#options.chmod(mode, isDirectory) : mode;
  }
}
