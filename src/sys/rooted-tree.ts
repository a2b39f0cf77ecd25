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

/** Directory in the tree, and the last component of a path in it, which need not exist. */
export interface Location {
  /** O_PATH descriptor of the directory, owned by the tree: open for its next 64 calls, until `invalidate`, `remove` or `close`. */
  readonly fd: number;
  /** Name, neither empty nor `.` nor `..`, without a slash. A view of the path if that was bytes. */
  readonly name: Uint8Array;
}

export interface RootedTreeOptions {
  /** Set to false to walk component by component even where the kernel has openat2(2). */
  readonly openat2?: boolean;
}

/**
 * Untrusted directory tree: unpacked from an archive, or being changed by a container. Every path is resolved as if the tree's
 * directory were `/`: absolute paths and symlinks start there, `..` stops there, and nothing outside is opened even if
 * components are swapped during a call. Resolution is not lexical: `a/../b` needs `a`.
 *
 * Directories are kept open by their path. These stay valid while entries are added. After removing, replacing or renaming a
 * directory or a symlink, call `invalidate`, or use `remove`, which does.
 *
 * ```typescript
 * using tree = RootedTree.open(root);
 * const { fd, name } = tree.parent('etc/hosts', { mode: 0o755 });
 * const file = openAt(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0o644);
 * ```
 */
export class RootedTree implements Disposable {
  /** O_PATH descriptor of the tree's directory. */
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
   * Returns the directory of a path and its last component, to create, replace, stat or link that name. The last component is
   * not resolved and need not exist. `create` makes missing directories, also at the target of a dangling symlink.
   * @throws ENOENT, ENOTDIR or ELOOP for an unreachable directory; ERR_PATH_HAS_NO_NAME for the root, and for a path that ends in
   *   `.` or `..`
   */
  parent(path: Name, create?: CreateDirectories): Location {
    const bytes = bytesOf(path);
    const end = trimSlashes(bytes, bytes.length);
    const start = startOfLast(bytes, end);
    const name = bytes.subarray(start, end);
    if (isSpecial(name)) {
      throw new StrataError({
        code: 'ERR_PATH_HAS_NO_NAME',
        message: `path ${JSON.stringify(displayName(path))}: does not end in a name`,
        hint: 'Give the path of a file or directory below the root that does not end in "." or "..".',
      });
    }
    return { fd: this.#directory(bytes, trimSlashes(bytes, start), create), name };
  }

  /** Returns a descriptor of a directory, symlinks followed, valid as {@link Location.fd} is; the root for an empty path. */
  directory(path: Name, create?: CreateDirectories): number {
    const bytes = bytesOf(path);
    return this.#directory(bytes, trimSlashes(bytes, bytes.length), create);
  }

  /**
   * Opens `path`, or the root for an empty path, with O_PATH; the caller closes the descriptor. With `followLast` false a symlink
   * itself is opened. Throws ENOENT, ENOTDIR, ELOOP.
   */
  resolve(path: Name, options: { readonly followLast?: boolean } = {}): number {
    return this.#open(bytesOf(path), options.followLast === false ? O_PATH | O_NOFOLLOW : O_PATH);
  }

  /**
   * Opens an existing path, symlinks followed. Opening a fifo or a device may block or have an effect: prefer {@link openFile}
   * for reading.
   */
  open(path: Name, flags: number): number {
    invariant((flags & O_CREAT) === 0, 'creation goes through parent()');
    return this.#open(bytesOf(path), flags);
  }

  /**
   * Opens a regular file for reading. Any other type of file is not opened.
   * @throws ERR_PATH_NOT_A_FILE
   */
  openFile(path: Name): number {
    const found = this.resolve(path);
    try {
      const { type } = statFd(found);
      if (type === 'file') return reopen(found, O_RDONLY);
      throw new StrataError({
        code: 'ERR_PATH_NOT_A_FILE',
        message: `path ${JSON.stringify(displayName(path))}: is a ${type}, not a file`,
        hint: 'Name a regular file.',
      });
    } finally {
      closeFd(found);
    }
  }

  /** Removes a file, a symlink itself, or a directory with its contents. ENOENT when the name does not exist. */
  remove({ fd, name }: Location): void {
    const { type } = statAt(fd, name);
    removeTreeAt(fd, name);
    if (type === 'directory' || type === 'symlink') this.invalidate();
  }

  /** Closes the directories that are kept open: locations returned by {@link parent} are no longer valid. */
  invalidate(): void {
    this.#cache.clear();
  }

  /**
   * Returns the path of a descriptor, relative to the tree's root. It is correct at this moment only, and meaningless for a
   * removed file: use it for records and messages, never to open a file.
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

  // Mostly one directory is missing in an existing one. Returns undefined in any other case.
  #createLast(path: Uint8Array, create: CreateDirectories): number | undefined {
    const start = startOfLast(path, path.length);
    const name = path.subarray(start);
    if (isSpecial(name)) return undefined;
    try {
      const directory = this.#directory(path, trimSlashes(path, start), undefined);
      makeDirectory(directory, name, create);
      return openAt(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      // The directory above is missing too, or the name is a dangling symlink.
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  #open(path: Uint8Array, flags: number): number {
    const trimmed = path.subarray(0, trimSlashes(path, path.length));
    if (this.#openat2) {
      const fd = tryOpenInRoot(this.fd, trimmed.length === 0 ? '.' : trimmed, flags);
      if (fd >= 0) return fd;
      if (errnoName(lastErrno()) !== 'EAGAIN') throw lastError('openat2', path);
    }
    return this.#walk(trimmed, flags, undefined);
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

// Without O_NOFOLLOW, because the link of a descriptor in /proc has to be followed; it leads to the same inode.
const reopen = (fd: number, flags: number): number => openAt(AT_FDCWD, `/proc/self/fd/${fd}`, flags & ~O_NOFOLLOW);

/** Returns the length without trailing slashes. */
function trimSlashes(bytes: Uint8Array, length: number): number {
  let end = length;
  while (end > 0 && bytes[end - 1] === slash) end--;
  return end;
}

const startOfLast = (bytes: Uint8Array, end: number): number => (end === 0 ? 0 : bytes.lastIndexOf(slash, end - 1) + 1);

const isSpecial = (name: Uint8Array): boolean =>
  name.length === 0 || (name.length <= 2 && name[0] === dot && name[name.length - 1] === dot);
