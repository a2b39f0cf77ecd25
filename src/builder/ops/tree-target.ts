import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { errnoOf } from '../../sys/errno.ts';
import { chownFd } from '../../sys/file-attributes.ts';
import { closeFd, readlinkAt } from '../../sys/fs-at.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import type { Location, RootedTree } from '../../sys/rooted-tree.ts';
import type { CreateDirectories } from '../../sys/rooted-walk.ts';
import { statAtIfThere, statFd } from '../../sys/stat.ts';
import type { Owner } from './owner.ts';
import type { TouchedDirectories } from './touched-directories.ts';

const slash = 0x2f;
const reserved = Buffer.from('/.wh.');

/** The destination of a COPY in an image's tree: creates parents, frees names and refuses conflicts. */
export class TreeTarget {
  readonly #tree: RootedTree;
  readonly #create: CreateDirectories;
  readonly #touched: TouchedDirectories | undefined;
  /** True once an existing entry was removed for a copied one. */
  hasReplaced = false;

  /** New parent directories belong to `owner`. `touched` records all directories that get a new time. */
  constructor(tree: RootedTree, { uid, gid }: Owner, touched?: TouchedDirectories) {
    this.#tree = tree;
    this.#touched = touched;
    const onCreate = (fd: number): void => {
      chownFd(fd, uid, gid);
      touched?.addNew(fd);
    };
    this.#create = { mode: 0o755, onCreate };
  }

  /** True when `path` is a directory now, symlinks followed. */
  isDirectory(path: Uint8Array): boolean {
    let fd: number;
    try {
      fd = this.#tree.resolve(path);
    } catch (error) {
      if (isUnreachable(error)) return false;
      throw error;
    }
    try {
      return statFd(fd).type === 'directory';
    } finally {
      closeFd(fd);
    }
  }

  /** Creates the directory unless it exists, and all above it. */
  makeDirectory(path: Uint8Array): void {
    this.#withDestinationErrors(path, () => this.#tree.directory(path, this.#create));
  }

  /** Returns the directory of a path, created when missing, and the last component. */
  parent(path: Uint8Array): Location {
    return this.#withDestinationErrors(path, () => this.#tree.parent(path, this.#create));
  }

  /** {@link parent} for a change in that directory. */
  parentToChange(path: Uint8Array): Location {
    const location = this.parent(path);
    this.#touched?.add(location.fd);
    return location;
  }

  /**
   * Creates an entry at a path. When `make` fails with EEXIST, the existing entry is removed and `make` called again:
   * nearly all copied paths are new, and need no check first. Throws ERR_COPY_DESTINATION for a directory.
   */
  create<T>(path: Uint8Array, type: string, make: (location: Location) => T): T {
    try {
      return make(this.parentToChange(path));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      return make(this.#freeName(path, type));
    }
  }

  /** Removes a path with everything in it. */
  remove(path: Uint8Array): void {
    this.#tree.remove(this.parentToChange(path));
  }

  /** Returns a name in an existing directory after removing its entry. Throws ERR_COPY_DESTINATION for a directory. */
  #freeName(path: Uint8Array, type: string): Location {
    const location = this.parent(path);
    const existing = statAtIfThere(location.fd, location.name);
    if (existing === undefined) return location;
    if (existing.type === 'directory') {
      throw destinationError(`destination ${formatPath(path)}: a directory, cannot become a ${type}`);
    }
    this.hasReplaced = true;
    this.#tree.remove(location);
    return this.parent(path);
  }

  /**
   * Follows a symlink at the destination itself, inside the image, even to a missing file: docker writes to its target.
   */
  followLast(path: Uint8Array): Uint8Array {
    let at = path;
    for (let hops = 0; hops < maxSymlinkHops; hops++) {
      const { fd, name } = this.parent(at);
      if (statAtIfThere(fd, name)?.type !== 'symlink') return at;
      const target = readlinkAt(fd, name);
      const folder = at.subarray(0, at.lastIndexOf(slash) + 1);
      at = target[0] === slash ? target : Buffer.concat([folder, target]);
    }
    throw destinationError(`destination ${formatPath(path)}: too many symlinks`);
  }

  notADirectoryError(path: Uint8Array): StrataError {
    return destinationError(`destination ${formatPath(path)}: not a directory`);
  }

  #withDestinationErrors<T>(path: Uint8Array, find: () => T): T {
    // Such a name in a layer is the deletion of another file; docker lets it happen silently.
    if (Buffer.from(path.buffer, path.byteOffset, path.length).includes(reserved)) {
      throw destinationError(`destination ${formatPath(path)}: names that begin with .wh. mark deletions in layers`);
    }
    try {
      return find();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOTDIR') throw this.notADirectoryError(path);
      if (errno === 'ELOOP') throw destinationError(`destination ${formatPath(path)}: too many symlinks`);
      throw error;
    }
  }
}

/** Formats a path; one below the root would begin with two slashes. */
const formatPath = (path: Uint8Array): string => displayBytes(path).replace(/\/{2,}/g, '/');

/** Error for a destination that cannot take the copy. */
export const destinationError = (
  message: string,
  hint = 'Change the destination, or what the image has there.',
): StrataError =>
  new StrataError({
    code: 'ERR_COPY_DESTINATION',
    message,
    hint,
  });

function isUnreachable(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP';
}
