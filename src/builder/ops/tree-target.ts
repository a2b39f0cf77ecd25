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

/** Where in an image's tree the files of a COPY go: places are found and made free, conflicts refused. */
export class TreeTarget {
  readonly #tree: RootedTree;
  readonly #create: CreateDirectories;
  readonly #touched: TouchedDirectories | undefined;
  /** Whether something had to give way. */
  hasReplaced = false;

  /** Directories made on the way are `owner`'s. `touched` is told of all whose time changes. */
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
      if (isMissing(error)) return false;
      throw error;
    }
    try {
      return statFd(fd).type === 'directory';
    } finally {
      closeFd(fd);
    }
  }

  /** Makes the directory unless it stands, and all above it. */
  directory(path: Uint8Array): void {
    this.#refusing(path, () => this.#tree.directory(path, this.#create));
  }

  /** The directory of a path, made when missing, and the last component. */
  parent(path: Uint8Array): Location {
    return this.#refusing(path, () => this.#tree.parent(path, this.#create));
  }

  /** {@link parent} for who makes something there. */
  parentToChange(path: Uint8Array): Location {
    const location = this.parent(path);
    this.#touched?.add(location.fd);
    return location;
  }

  /**
   * Makes something at a path. `make` fails with EEXIST where something stands, and is called again when that is gone:
   * nearly all that is copied is new, and need not be looked for first. Throws ERR_COPY_DESTINATION for a directory.
   */
  create<T>(path: Uint8Array, what: string, make: (location: Location) => T): T {
    try {
      return make(this.parentToChange(path));
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      return make(this.#place(path, what));
    }
  }

  /** Removes what stands at a path, with all it holds. */
  remove(path: Uint8Array): void {
    this.#tree.remove(this.parentToChange(path));
  }

  /** A free name in an existing directory; what had it is gone, unless it was a directory. */
  #place(path: Uint8Array, what: string): Location {
    const location = this.parent(path);
    const standing = statAtIfThere(location.fd, location.name);
    if (standing === undefined) return location;
    if (standing.type === 'directory') {
      throw copyRefused(`destination ${shown(path)}: a directory, cannot become a ${what}`);
    }
    this.hasReplaced = true;
    this.#tree.remove(location);
    return this.parent(path);
  }

  /** Docker writes to where a symlink at the destination itself leads, inside the image, whether something is there or not. */
  followed(path: Uint8Array): Uint8Array {
    let place = path;
    for (let hops = 0; hops < maxSymlinkHops; hops++) {
      const { fd, name } = this.parent(place);
      if (statAtIfThere(fd, name)?.type !== 'symlink') return place;
      const target = readlinkAt(fd, name);
      const folder = place.subarray(0, place.lastIndexOf(slash) + 1);
      place = target[0] === slash ? target : Buffer.concat([folder, target]);
    }
    throw copyRefused(`destination ${shown(path)}: too many symlinks`);
  }

  notADirectory(path: Uint8Array): StrataError {
    return copyRefused(`destination ${shown(path)}: not a directory`);
  }

  #refusing<T>(path: Uint8Array, find: () => T): T {
    // A layer would take such a name for the deletion of another file; docker makes it so, silently.
    if (Buffer.from(path.buffer, path.byteOffset, path.length).includes(reserved)) {
      throw copyRefused(`destination ${shown(path)}: names that begin with .wh. mark deletions in layers`);
    }
    try {
      return find();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOTDIR') throw this.notADirectory(path);
      if (errno === 'ELOOP') throw copyRefused(`destination ${shown(path)}: too many symlinks`);
      throw error;
    }
  }
}

/** What is copied into the root joins two slashes. */
const shown = (path: Uint8Array): string => displayBytes(path).replace(/\/{2,}/g, '/');

/** For a destination that cannot take what is copied. */
export const copyRefused = (
  message: string,
  hint = 'Change the destination, or what the image has there.',
): StrataError =>
  new StrataError({
    code: 'ERR_COPY_DESTINATION',
    message,
    hint,
  });

function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP';
}
