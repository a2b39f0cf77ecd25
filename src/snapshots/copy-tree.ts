import { setImmediate } from 'node:timers/promises';
import type { AbortOptions } from '../lib/abort.ts';
import { AT_FDCWD, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../sys/constants.ts';
import type { DirectoryEntry } from '../sys/directory-listing.ts';
import { chmodAt, chownAt, utimensAt } from '../sys/file-attributes.ts';
import { FileData } from '../sys/file-data.ts';
import { closeFd, linkAt, mkdirAt, mknodAt, openAt, readlinkAt, symlinkAt } from '../sys/fs-at.ts';
import { LinkedNames } from '../sys/linked-names.ts';
import { listFd } from '../sys/list-at.ts';
import { mountDetached } from '../sys/mount-list.ts';
import { removeTreeAt } from '../sys/remove-tree.ts';
import type { Name } from '../sys/scratch.ts';
import { FileStat, statAt, statAtIfThere } from '../sys/stat.ts';
import { getXattrAt, listXattrsAt, removeXattrAt, setXattrAt } from '../sys/xattr.ts';
import { copyAttributesFd } from './copy-attributes.ts';
import { DirectoryStack, directoryFlags } from './directory-stack.ts';

// Files copied before other work on this thread gets its turn.
const batch = 200;

export interface CopyTreeOptions extends AbortOptions {
  /**
   * Allows a target with files, as those of a layer below: a directory over a directory is merged with it and gets its
   * attributes; any other existing file is replaced. The attributes of the root stay.
   */
  readonly over?: boolean;
}

/**
 * Copies a tree that no process changes meanwhile into the empty directory `to`: every type of file, hard links,
 * owners, modes, xattrs, times in nanoseconds, holes; contents are shared where the filesystem can (reflink). Works by
 * descriptor: no path is resolved in a tree that comes from an image. An abort rejects with the signal's reason and
 * leaves an incomplete copy.
 */
export async function copyTree(from: string, to: string, options: CopyTreeOptions = {}): Promise<void> {
  using copy = new TreeCopy(options);
  copy.enter(from, to);
  for (let done = 1; copy.step(); done++) {
    if (done % batch === 0) {
      await setImmediate();
      options.signal?.throwIfAborted();
    }
  }
}

/**
 * {@link copyTree} of a tree that a container may change meanwhile. It reads through a mount in which no device opens,
 * because a container may put a device in place of a file, and root would open it.
 */
export async function copyChangingTree(from: string, to: string, options: CopyTreeOptions = {}): Promise<void> {
  const fd = mountDetached([{ type: 'bind', source: from, readOnly: true }]);
  try {
    await copyTree(`/proc/self/fd/${fd}/.`, to, options);
  } finally {
    closeFd(fd);
  }
}

interface OpenDirectory {
  readonly name: Uint8Array;
  readonly entries: Iterator<DirectoryEntry>;
}

// Longest path for linkat(2); further down, hard links become copies.
const longestPath = 4095;
const slash = Buffer.from('/');

class TreeCopy {
  readonly #from = new DirectoryStack();
  readonly #to = new DirectoryStack();
  readonly #levels: OpenDirectory[] = [];
  readonly #stat = new FileStat();
  /** Path of the first name of each inode with several names. */
  readonly #linked = new LinkedNames();
  readonly #data: FileData;
  readonly #over: boolean;
  #rootFd = -1;

  constructor(options: CopyTreeOptions) {
    this.#over = options.over === true;
    this.#data = new FileData(() => options.signal?.throwIfAborted());
  }

  /** Opens the two roots. */
  enter(from: string, to: string): void {
    this.#rootFd = openAt(AT_FDCWD, to, directoryFlags);
    this.#push(openAt(AT_FDCWD, from, directoryFlags), AT_FDCWD, to, new Uint8Array(0));
  }

  /** Copies one entry, or finishes one directory; returns false at the end. */
  step(): boolean {
    const level = this.#levels.at(-1);
    if (!level) return false;
    const next = level.entries.next();
    if (!next.done) {
      this.#copy(next.value.name);
      return true;
    }
    // Last, because every new entry changes a directory's times.
    if (!this.#over || this.#levels.length > 1) copyAttributesFd(this.#from.top, this.#to.top);
    this.#levels.pop();
    this.#from.pop();
    this.#to.pop();
    return true;
  }

  [Symbol.dispose](): void {
    this.#from[Symbol.dispose]();
    this.#to[Symbol.dispose]();
    if (this.#rootFd >= 0) closeFd(this.#rootFd);
  }

  #copy(name: Uint8Array): void {
    const stat = statAt(this.#from.top, name, this.#stat);
    if (this.#over && this.#merges(name, stat.type)) return;
    if (stat.nlink > 1 && stat.type !== 'directory' && this.#link(name)) return;
    switch (stat.type) {
      case 'directory':
        mkdirAt(this.#to.top, name, 0o700);
        this.#push(openAt(this.#from.top, name, directoryFlags), this.#to.top, name, name);
        return;
      case 'file':
        this.#copyFile(name, stat);
        return;
      case 'symlink':
        symlinkAt(readlinkAt(this.#from.top, name), this.#to.top, name);
        this.#copyAttributes(name, stat);
        return;
      case 'character-device':
      case 'block-device':
      case 'fifo':
      case 'socket':
        mknodAt(this.#to.top, name, stat.type, 0o600, stat.nodeMajor, stat.nodeMinor);
        this.#copyAttributes(name, stat);
        chmodAt(this.#to.top, name, stat.permissions);
        return;
      case 'unknown':
        throw new Error(`a file of mode ${stat.mode.toString(8)}`);
    }
  }

  /** Returns true for an existing directory, which is entered; any other existing file of that name is removed. */
  #merges(name: Uint8Array, type: FileStat['type']): boolean {
    const existing = statAtIfThere(this.#to.top, name)?.type;
    if (existing !== 'directory' || type !== 'directory') {
      if (existing !== undefined) removeTreeAt(this.#to.top, name);
      return false;
    }
    for (const xattr of listXattrsAt(this.#to.top, name)) removeXattrAt(this.#to.top, name, xattr);
    this.#push(openAt(this.#from.top, name, directoryFlags), this.#to.top, name, name);
    return true;
  }

  /** Returns true when the inode was already copied under another name, and links it. */
  #link(name: Uint8Array): boolean {
    const first = this.#linked.first(this.#stat);
    if (first) linkAt(this.#rootFd, first, this.#to.top, name);
    else this.#rememberLink(name);
    return first !== undefined;
  }

  #rememberLink(name: Uint8Array): void {
    const parts = [name];
    let length = name.length;
    for (let depth = this.#levels.length - 1; depth > 0; depth--) {
      const above = this.#levels[depth]?.name ?? name;
      length += above.length + 1;
      if (length > longestPath) return;
      parts.unshift(above, slash);
    }
    this.#linked.add(this.#stat, Buffer.concat(parts));
  }

  #copyFile(name: Uint8Array, stat: FileStat): void {
    const fromFd = openAt(this.#from.top, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const toFd = openAt(this.#to.top, name, O_WRONLY | O_CREAT | O_EXCL, 0o600);
      try {
        this.#data.copy(fromFd, toFd, stat);
        copyAttributesFd(fromFd, toFd, { stat });
      } finally {
        closeFd(toFd);
      }
    } finally {
      closeFd(fromFd);
    }
  }

  /**
   * Copies the attributes of a file that cannot be opened without side effects, except the mode, which a symlink does
   * not have.
   */
  #copyAttributes(name: Uint8Array, stat: FileStat): void {
    chownAt(this.#to.top, name, stat.uid, stat.gid);
    for (const xattr of listXattrsAt(this.#from.top, name)) {
      const value = getXattrAt(this.#from.top, name, xattr);
      if (value) setXattrAt(this.#to.top, name, xattr, value);
    }
    utimensAt(this.#to.top, name, stat.atime, stat.mtime);
  }

  #push(fromFd: number, toDirFd: number, to: Name, name: Uint8Array): void {
    this.#from.push(fromFd);
    this.#to.push(openAt(toDirFd, to, directoryFlags));
    this.#levels.push({ name, entries: listFd(fromFd).values() });
  }
}
