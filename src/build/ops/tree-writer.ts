import { setImmediate } from 'node:timers/promises';
import type { ChmodChange } from '../../dockerfile/chmod.ts';
import type { InlineFile } from '../../dockerfile/instructions/types.ts';
import { isKind, StrataError } from '../../errors/index.ts';
import { readUserDatabases } from '../../images/user-databases.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { type ProcessUser, resolveUser } from '../../oci-runtime/user.ts';
import { AT_FDCWD, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../sys/constants.ts';
import { copyFileData } from '../../sys/copy.ts';
import { writeFully } from '../../sys/fd-io.ts';
import { chmodAt, chmodFd, chownAt, chownFd, type FileTime, utimensAt, utimensFd } from '../../sys/file-attributes.ts';
import { closeFd, mkdirAt, openAt, readlinkAt, symlinkAt } from '../../sys/fs-at.ts';
import { type Location, RootedTree } from '../../sys/rooted-tree.ts';
import { statAtIfThere, statFd } from '../../sys/stat.ts';
import { getXattrAt, listXattrsAt, setXattrAt } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from '../context/build-context.ts';
import { isCopiedXattr, refuseSpecial, stampKey, stampOf } from '../context/content-digest.ts';

export interface TreeWriterOptions {
  /** `user[:group]`, resolved in the tree; empty for root. */
  readonly chown: string;
  readonly chmod: ChmodChange | undefined;
  readonly signal: AbortSignal;
}

const batch = 256;

/** Puts files into an image's tree as COPY does: by descriptor, never through what the image made of a path. */
export class TreeWriter implements Disposable {
  readonly #tree: RootedTree;
  readonly #options: TreeWriterOptions;
  readonly #owner: Pick<ProcessUser, 'uid' | 'gid'>;
  /** Directories whose times are set last, because every new name in them changes them. */
  readonly #times: { readonly path: Uint8Array; readonly mtime: FileTime }[] = [];
  #count = 0;

  constructor(directory: string, options: TreeWriterOptions) {
    this.#tree = RootedTree.open(directory);
    this.#options = options;
    try {
      this.#owner = options.chown === '' ? { uid: 0, gid: 0 } : this.#resolveOwner(options.chown);
    } catch (error) {
      this.#tree.close();
      throw error;
    }
  }

  /** True when `path` is a directory now, symlinks of the tree followed. */
  isDirectory(path: string): boolean {
    return this.#typeOf(path) === 'directory';
  }

  /** A folder's content goes into the destination; a file becomes it, or goes into it when it is a directory. */
  async copy(
    context: BuildContext,
    source: ContextSource,
    destination: string,
    stamps: ReadonlyMap<string, string>,
  ): Promise<void> {
    const target = source.isDirectory ? Buffer.from(destination) : this.#fileTarget(destination, source.name);
    for (const entry of context.walk(source)) {
      if (++this.#count % batch === 0) {
        await setImmediate();
        this.#options.signal.throwIfAborted();
      }
      const path = entry.path.length === 0 ? target : Buffer.concat([target, Buffer.from('/'), entry.path]);
      if (source.isDirectory && entry.path.length === 0) this.#makeRoot(path, entry);
      else this.#add(path, entry, stamps.get(stampKey(source, entry)));
    }
  }

  /** A file whose content stands in the Dockerfile. */
  write(file: InlineFile, destination: string): void {
    const location = this.#place(this.#fileTarget(destination, Buffer.from(file.name)), 'file');
    const fd = openAt(location.fd, location.name, O_WRONLY | O_CREAT | O_EXCL, 0o600);
    try {
      writeFully(fd, Buffer.from(file.content));
      chownFd(fd, this.#owner.uid, this.#owner.gid);
      chmodFd(fd, this.#mode(0o644, false));
    } finally {
      closeFd(fd);
    }
  }

  /** Sets the directories' times; nothing may be written afterwards. */
  finish(): void {
    for (const { path, mtime } of this.#times.reverse()) {
      const fd = this.#tree.open(path, O_RDONLY);
      try {
        utimensFd(fd, mtime, mtime);
      } finally {
        closeFd(fd);
      }
    }
    this.#times.length = 0;
  }

  refuse(message: string): StrataError {
    return new StrataError({ kind: 'invalid-argument', code: 'ERR_COPY_DESTINATION', message });
  }

  [Symbol.dispose](): void {
    this.#tree.close();
  }

  #fileTarget(destination: string, name: Uint8Array): Uint8Array {
    if (!destination.endsWith('/') && !this.isDirectory(destination)) return this.#followed(destination);
    return Buffer.concat([Buffer.from(destination.replace(/\/+$/, '')), Buffer.from('/'), name]);
  }

  /** Docker writes to where a symlink at the destination itself leads, inside the image. */
  #followed(destination: string): Uint8Array {
    if (this.#typeOf(destination) === undefined) return Buffer.from(destination);
    const fd = this.#tree.resolve(destination);
    try {
      return this.#tree.pathOf(fd);
    } finally {
      closeFd(fd);
    }
  }

  #typeOf(path: string): string | undefined {
    let fd: number;
    try {
      fd = this.#tree.resolve(path);
    } catch (error) {
      if (isKind(error, 'not-found') || isKind(error, 'failed-precondition')) return undefined;
      throw error;
    }
    try {
      return statFd(fd).type;
    } finally {
      closeFd(fd);
    }
  }

  #makeRoot(path: Uint8Array, entry: ContextEntry): void {
    const existed = this.#typeOf(displayBytes(path)) === 'directory';
    const fd = this.#tree.directory(path, { mode: 0o755, onCreate: (made) => this.#own(made) });
    if (existed) return;
    chmodAt(AT_FDCWD, `/proc/self/fd/${fd}`, this.#mode(entry.stat.permissions, true));
    this.#times.push({ path, mtime: { ...entry.stat.mtime } });
  }

  #add(path: Uint8Array, entry: ContextEntry, stamp: string | undefined): void {
    switch (entry.stat.type) {
      case 'directory':
        return this.#addDirectory(path, entry);
      case 'file':
        return this.#addFile(path, entry, stamp);
      case 'symlink': {
        const { fd, name } = this.#place(path, 'symlink');
        symlinkAt(readlinkAt(entry.dirFd, entry.name), fd, name);
        chownAt(fd, name, this.#owner.uid, this.#owner.gid);
        utimensAt(fd, name, entry.stat.mtime, entry.stat.mtime);
        return;
      }
      case 'socket':
        // A socket is nothing without the process behind it; docker leaves it out too.
        return;
      case 'block-device':
      case 'character-device':
      case 'fifo':
      case 'unknown':
        throw refuseSpecial(entry);
    }
  }

  #addDirectory(path: Uint8Array, entry: ContextEntry): void {
    const { fd, name } = this.#parent(path);
    const standing = statAtIfThere(fd, name);
    if (standing !== undefined && standing.type !== 'directory') {
      throw this.refuse(`cannot copy to non-directory: ${displayBytes(path)}`);
    }
    if (standing === undefined) mkdirAt(fd, name, 0o700);
    chownAt(fd, name, this.#owner.uid, this.#owner.gid);
    this.#copyXattrs(entry, fd, name);
    chmodAt(fd, name, this.#mode(entry.stat.permissions, true));
    this.#times.push({ path, mtime: { ...entry.stat.mtime } });
  }

  #addFile(path: Uint8Array, entry: ContextEntry, stamp: string | undefined): void {
    const { fd, name } = this.#place(path, 'file');
    const from = openAt(entry.dirFd, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = statFd(from);
      if (stamp !== undefined && stampOf(stat) !== stamp) throw changed(path);
      const to = openAt(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0o600);
      try {
        copyFileData(from, to, { checkpoint: () => this.#options.signal.throwIfAborted() });
        chownFd(to, this.#owner.uid, this.#owner.gid);
        this.#copyXattrs(entry, fd, name);
        chmodFd(to, this.#mode(stat.permissions, false));
        utimensFd(to, stat.mtime, stat.mtime);
      } finally {
        closeFd(to);
      }
      // The key was made of what the file held before: it must not have been written to while it was copied.
      if (stamp !== undefined && stampOf(statFd(from)) !== stamp) throw changed(path);
    } finally {
      closeFd(from);
    }
  }

  #copyXattrs({ dirFd, name }: ContextEntry, toFd: number, toName: Uint8Array): void {
    for (const attribute of listXattrsAt(dirFd, name).filter(isCopiedXattr)) {
      const value = getXattrAt(dirFd, name, attribute);
      if (value !== undefined) setXattrAt(toFd, toName, attribute, value);
    }
  }

  /** A free name in an existing directory; what had it is gone, unless it was a directory. */
  #place(path: Uint8Array, what: string): Location {
    const location = this.#parent(path);
    const standing = statAtIfThere(location.fd, location.name);
    if (standing?.type === 'directory') {
      throw this.refuse(`cannot copy ${what} over directory: ${displayBytes(path)}`);
    }
    if (standing !== undefined) this.#tree.remove(location);
    return standing === undefined ? location : this.#parent(path);
  }

  #parent(path: Uint8Array): Location {
    return this.#tree.parent(path, { mode: 0o755, onCreate: (made) => this.#own(made) });
  }

  #own(directoryFd: number): void {
    if (this.#owner.uid !== 0 || this.#owner.gid !== 0) {
      chownAt(AT_FDCWD, `/proc/self/fd/${directoryFd}/.`, this.#owner.uid, this.#owner.gid);
    }
  }

  #mode(mode: number, isDirectory: boolean): number {
    return this.#options.chmod ? this.#options.chmod(mode, isDirectory) : mode;
  }

  #resolveOwner(chown: string): Pick<ProcessUser, 'uid' | 'gid'> {
    const { uid, gid } = resolveUser(chown, readUserDatabases(this.#tree));
    // Docker: `--chown=5` means 5:5, unlike USER, where a number without a group is in group 0.
    return /^\d+$/.test(chown) ? { uid, gid: uid } : { uid, gid };
  }
}

const changed = (path: Uint8Array): StrataError =>
  new StrataError({
    kind: 'failed-precondition',
    code: 'ERR_CONTEXT_CHANGED',
    message: `build context: ${displayBytes(path)} changed while it was read`,
    hint: 'Build again when nothing writes to the context.',
  });
