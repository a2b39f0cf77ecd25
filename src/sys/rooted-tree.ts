import { StrataError } from '../errors/index.ts';
import { invariant } from '../lib/invariant.ts';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from './constants.ts';
import { DirectoryCache } from './directory-cache.ts';
import { errnoName, errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { closeFd, openAt, readlinkAt } from './fs-at.ts';
import { hasSyscall } from './has-syscall.ts';
import { tryOpenInRoot } from './openat2.ts';
import { removeTreeAt } from './remove-tree.ts';
import { type CreateDirectories, makeDirectory, walkRooted } from './rooted-walk.ts';
import { displayName, lastError, type Name, pathMax, pathTooLong } from './scratch.ts';
import { statAt, statFd } from './stat.ts';

/** Where something is or is to be: a directory, which belongs to the tree, and the last component of the path. */
export interface Location {
  /** O_PATH. Open for at least the next 64 calls of the tree, until `invalidate`, `remove` or `close`. */
  readonly fd: number;
  /** Neither empty nor `.` nor `..`, without a slash. A view of the path when that was given as bytes. */
  readonly name: Uint8Array;
}

export interface RootedTreeOptions {
  /** False walks component by component even where the kernel has openat2(2). */
  readonly openat2?: boolean;
}

/**
 * A directory tree that somebody else shapes: unpacked from an archive, or changed by a container at this moment.
 * Every path is resolved as if the tree's directory were `/`: absolute paths and symlinks start there, `..` stops
 * there, and whatever is swapped during a call, nothing outside is opened. Not lexically: `a/../b` needs `a`.
 *
 * Directories once found are kept open, by the text of their path. That stays right while things are added; whoever
 * removes, replaces or renames a directory or a symlink says `invalidate`, or uses `remove`, which does.
 */
export class RootedTree implements Disposable {
  /** O_PATH on the tree's directory. */
  readonly fd: number;
  readonly #openat2: boolean;
  readonly #cache = new DirectoryCache();

  private constructor(fd: number, openat2: boolean) {
    this.fd = fd;
    this.#openat2 = openat2;
  }

  /** Opens a directory of the host; symlinks on the way to it are followed as usual. */
  static open(directory: Name, options: RootedTreeOptions = {}): RootedTree {
    const openat2 = options.openat2 ?? hasSyscall('openat2');
    return new RootedTree(openAt(AT_FDCWD, directory, O_PATH | O_DIRECTORY), openat2);
  }

  /**
   * The directory a path is in, and its last component, which is never looked at: use it to create, replace, describe
   * or link what has that name. `create` makes missing directories, also where a dangling symlink points to.
   * Throws ENOENT, ENOTDIR or ELOOP for a directory that cannot be reached, `ERR_PATH_HAS_NO_NAME` for the root, and
   * for a path that ends in `.` or `..`.
   */
  parent(path: Name, create?: CreateDirectories): Location {
    const bytes = bytesOf(path);
    const end = withoutSlashes(bytes, bytes.length);
    const start = startOfLast(bytes, end);
    const name = bytes.subarray(start, end);
    if (isSpecial(name)) {
      throw new StrataError({
        code: 'ERR_PATH_HAS_NO_NAME',
        message: `path ${JSON.stringify(displayName(path))}: ends in no name of its own`,
      });
    }
    return { fd: this.#directory(bytes, withoutSlashes(bytes, start), create), name };
  }

  /** A directory of the tree, symlinks followed, open as long as {@link Location.fd}; the root for an empty path. */
  directory(path: Name, create?: CreateDirectories): number {
    const bytes = bytesOf(path);
    return this.#directory(bytes, withoutSlashes(bytes, bytes.length), create);
  }

  /**
   * An O_PATH descriptor, the caller's to close, on what stands at `path`; the root for an empty path. `followLast`
   * false gives a symlink itself. Throws ENOENT, ENOTDIR, ELOOP.
   */
  resolve(path: Name, options: { readonly followLast?: boolean } = {}): number {
    return this.#open(bytesOf(path), options.followLast === false ? O_PATH | O_NOFOLLOW : O_PATH);
  }

  /**
   * Opens what stands at `path`, symlinks followed, creating nothing. Opening a fifo or a device may block or act:
   * prefer {@link openFile} for what is to be read.
   */
  open(path: Name, flags: number): number {
    invariant((flags & O_CREAT) === 0, 'creation goes through parent()');
    return this.#open(bytesOf(path), flags);
  }

  /** A regular file, opened for reading; anything else gives `ERR_PATH_NOT_A_FILE` and is not opened. */
  openFile(path: Name): number {
    const found = this.resolve(path);
    try {
      const { type } = statFd(found);
      if (type === 'file') return reopen(found, O_RDONLY);
      throw new StrataError({
        code: 'ERR_PATH_NOT_A_FILE',
        message: `path ${JSON.stringify(displayName(path))}: a ${type}, not a file`,
      });
    } finally {
      closeFd(found);
    }
  }

  /** Removes what has that name: a directory with all it holds, a symlink itself. ENOENT when there is nothing. */
  remove({ fd, name }: Location): void {
    const { type } = statAt(fd, name);
    removeTreeAt(fd, name);
    if (type === 'directory' || type === 'symlink') this.invalidate();
  }

  /** Forgets the directories found so far and closes them: what {@link parent} answered before is void. */
  invalidate(): void {
    this.#cache.clear();
  }

  /**
   * The path of a descriptor from the tree's root, without a slash in front. True at this moment only, and nonsense for
   * what was removed: for records and messages, never to open something.
   */
  pathOf(fd: number): Uint8Array {
    const root = readlinkAt(AT_FDCWD, `/proc/self/fd/${this.fd}`);
    const path = readlinkAt(AT_FDCWD, `/proc/self/fd/${fd}`);
    return path.subarray(Math.min(path.length, root.length === 1 ? 1 : root.length + 1));
  }

  close(): void {
    this.invalidate();
    closeFd(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #directory(bytes: Uint8Array, length: number, create: CreateDirectories | undefined): number {
    if (length === 0) return this.fd;
    const cached = this.#cache.find(bytes, length);
    if (cached !== undefined) return cached;
    const path = bytes.subarray(0, length);
    return this.#cache.add(path, create ? this.#findOrCreate(path, create) : this.#open(path, O_PATH | O_DIRECTORY));
  }

  #findOrCreate(path: Uint8Array, create: CreateDirectories): number {
    if (!this.#openat2) return this.#walk(path, O_PATH | O_DIRECTORY, create);
    const fd = tryOpenInRoot(this.fd, path, O_PATH | O_DIRECTORY);
    if (fd >= 0) return fd;
    const errno = errnoName(lastErrno());
    if (errno !== 'ENOENT' && errno !== 'EAGAIN') throw lastError('openat2', path);
    return this.#createLast(path, create) ?? this.#walk(path, O_PATH | O_DIRECTORY, create);
  }

  // Mostly one directory is missing in one that stands; undefined when it is not as simple as that.
  #createLast(path: Uint8Array, create: CreateDirectories): number | undefined {
    const start = startOfLast(path, path.length);
    const name = path.subarray(start);
    if (isSpecial(name)) return undefined;
    try {
      const directory = this.#directory(path, withoutSlashes(path, start), undefined);
      makeDirectory(directory, name, create);
      return openAt(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      // The directory above is missing too, or the name is a dangling symlink.
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  #open(path: Uint8Array, flags: number): number {
    const wanted = path.subarray(0, withoutSlashes(path, path.length));
    if (this.#openat2) {
      const fd = tryOpenInRoot(this.fd, wanted.length === 0 ? '.' : wanted, flags);
      if (fd >= 0) return fd;
      if (errnoName(lastErrno()) !== 'EAGAIN') throw lastError('openat2', path);
    }
    return this.#walk(wanted, flags, undefined);
  }

  #walk(path: Uint8Array, flags: number, create: CreateDirectories | undefined): number {
    const found = walkRooted(this.fd, path, { followLast: (flags & O_NOFOLLOW) === 0, create });
    let kept = false;
    try {
      if ((flags & O_DIRECTORY) !== 0 && statFd(found).type !== 'directory') {
        throw new SyscallError({ syscall: 'openat2', errno: errnoNumber('ENOTDIR'), path: displayName(path) });
      }
      kept = (flags & O_PATH) !== 0;
      return kept ? found : reopen(found, flags);
    } finally {
      if (!kept) closeFd(found);
    }
  }
}

const slash = 0x2f;
const dot = 0x2e;

function bytesOf(path: Name): Uint8Array {
  const bytes = typeof path === 'string' ? Buffer.from(path) : path;
  if (bytes.length < pathMax) return bytes;
  throw pathTooLong(path);
}

// The link of a descriptor in /proc is followed to the very inode, so it must not be refused as a symlink.
const reopen = (fd: number, flags: number): number => openAt(AT_FDCWD, `/proc/self/fd/${fd}`, flags & ~O_NOFOLLOW);

function withoutSlashes(bytes: Uint8Array, length: number): number {
  let end = length;
  while (end > 0 && bytes[end - 1] === slash) end--;
  return end;
}

const startOfLast = (bytes: Uint8Array, end: number): number => (end === 0 ? 0 : bytes.lastIndexOf(slash, end - 1) + 1);

const isSpecial = (name: Uint8Array): boolean =>
  name.length === 0 || (name.length <= 2 && name[0] === dot && name[name.length - 1] === dot);
