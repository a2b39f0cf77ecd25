import type { TarTime } from '../../archive/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { errnoOf } from '../../sys/errno.ts';
import { chmodAt, chmodFd, chownAt, chownFd, utimensAt, utimensFd } from '../../sys/file-attributes.ts';
import { removeXattrFd, setXattrAt, setXattrFd } from '../../sys/xattr.ts';
import { isOverlayPrivate } from '../overlay-form.ts';
import { isApplied, readXattrs, type Xattrs } from '../xattrs.ts';

export interface NodeMetadata {
  readonly uid: number;
  readonly gid: number;
  /** Permission, setuid, setgid and sticky bits. */
  readonly mode: number;
  readonly mtime: TarTime;
  readonly xattrs: Xattrs;
}

/**
 * Sets owner, mode, attributes and times of nodes, in this order: chown clears setuid bits and capabilities, so it comes
 * first; times come last. Calls that would not change a newly created node are left out: nearly all, when root unpacks
 * files of root.
 */
export class MetadataWriter {
  readonly #umask = process.umask();
  readonly #ownsNewFiles = process.geteuid?.() === 0 && process.getegid?.() === 0;
  readonly #refused = new Map<string, { count: number; readonly text: string }>();

  /** One sentence for each attribute that could not be set. */
  get warnings(): string[] {
    return [...this.#refused.values()].map(({ count, text }) => (count === 1 ? text : `${text} and ${count - 1} more`));
  }

  /** Finishes a file newly created with `mode & 0o777`; `path` is for warnings. */
  newFile(fd: number, metadata: NodeMetadata, path: Uint8Array): void {
    const { uid, gid, mode } = metadata;
    const chowned = this.#needsChown(uid, gid);
    if (chowned) chownFd(fd, uid, gid);
    if (this.#needsChmod(mode)) chmodFd(fd, mode);
    this.#setXattrs(metadata.xattrs, path, (name, value) => setXattrFd(fd, name, value));
    utimensFd(fd, metadata.mtime, metadata.mtime);
  }

  /** Finishes a symlink, fifo or device newly created with `mode & 0o777`. */
  newNode(dirFd: number, name: Uint8Array, metadata: NodeMetadata, path: Uint8Array, isSymlink: boolean): void {
    const { uid, gid, mode } = metadata;
    if (this.#needsChown(uid, gid)) chownAt(dirFd, name, uid, gid);
    if (!isSymlink && this.#needsChmod(mode)) chmodAt(dirFd, name, mode);
    this.#setXattrs(metadata.xattrs, path, (attribute, value) => setXattrAt(dirFd, name, attribute, value));
    utimensAt(dirFd, name, metadata.mtime, metadata.mtime);
  }

  /** Finishes a directory newly created with `mode & 0o777`, after it was filled. */
  newDirectory(fd: number, metadata: NodeMetadata, path: Uint8Array): void {
    this.newFile(fd, metadata, path);
  }

  /** Finishes a directory that existed before: sets everything, and removes all other attributes. */
  oldDirectory(fd: number, metadata: NodeMetadata, path: Uint8Array): void {
    chownFd(fd, metadata.uid, metadata.gid);
    for (const name of readXattrs(fd, (attribute) => !isOverlayPrivate(attribute)).keys()) {
      if (!metadata.xattrs.has(name)) this.#removeXattr(fd, name);
    }
    chmodFd(fd, metadata.mode);
    this.#setXattrs(metadata.xattrs, path, (name, value) => setXattrFd(fd, name, value));
    utimensFd(fd, metadata.mtime, metadata.mtime);
  }

  #needsChown(uid: number, gid: number): boolean {
    return uid !== 0 || gid !== 0 || !this.#ownsNewFiles;
  }

  #needsChmod(mode: number): boolean {
    return (mode & (0o7000 | this.#umask)) !== 0;
  }

  // Some filesystems have no attributes, symlinks no `user.` ones, and user namespaces cannot set `trusted.` ones.
  #setXattrs(xattrs: Xattrs, path: Uint8Array, set: (name: string, value: Uint8Array) => void): void {
    if (xattrs.size === 0) return;
    for (const [name, value] of xattrs) {
      if (!isApplied(name)) continue;
      try {
        set(name, value);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno !== 'EOPNOTSUPP' && errno !== 'EPERM') throw error;
        this.#warn(name, errno, path);
      }
    }
  }

  #removeXattr(fd: number, name: string): void {
    try {
      removeXattrFd(fd, name);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== 'EOPNOTSUPP' && errno !== 'EPERM') throw error;
    }
  }

  #warn(name: string, errno: string, path: Uint8Array): void {
    const known = this.#refused.get(name);
    if (known) known.count++;
    else if (this.#refused.size < 100) {
      const text = `attribute ${JSON.stringify(name)}: refused by the filesystem (${errno}) on ${displayBytes(path)}`;
      this.#refused.set(name, { count: 1, text });
    }
  }
}
