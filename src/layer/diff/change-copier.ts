import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { invariant } from '../../lib/invariant.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } from '../../sys/constants.ts';
import { chmodFd, chownFd } from '../../sys/file-attributes.ts';
import { FileData } from '../../sys/file-data.ts';
import { closeFd, linkAt, mkdirAt, mknodAt, openAt, readlinkAt, symlinkAt } from '../../sys/fs-at.ts';
import { LinkedNames } from '../../sys/linked-names.ts';
import { type FileStat, statFd } from '../../sys/stat.ts';
import { listXattrsFd, removeXattrFd } from '../../sys/xattr.ts';
import { MetadataWriter, type NodeMetadata } from '../apply/node-metadata.ts';
import { OpenDirectories } from '../open-directories.ts';
import { makeOpaque, makeWhiteout } from '../overlay-form.ts';
import { nameOf, parentPath, pathKey } from '../tree-path.ts';
import { filterXattrs, isArchived, readXattrs, readXattrsAt } from '../xattrs.ts';
import type { DiffChange, EntryChange } from './change.ts';

export interface CopyRequest {
  /** An empty directory. */
  readonly to: string;
  /** Keys of paths that are neither copied nor part of the layer. A directory among them contains no others. */
  readonly without: ReadonlySet<string>;
}

/**
 * Copies the changes of an overlay layer into the empty own directory of another one, each as it passes, as if the layer
 * had been unpacked there. Passes on the change as copied, so that an archive made of it describes the copy, and each
 * file is opened and read once.
 */
export class ChangeCopier implements Disposable {
  readonly #to: OpenDirectories;
  readonly #data: FileData;
  readonly #metadata = new MetadataWriter();
  readonly #opaqueAttribute: string;
  readonly #without: ReadonlySet<string>;
  /** Directories that are not finished yet, from the root down. */
  readonly #open: EntryChange[] = [];
  /** First names of files with several names. */
  readonly #firstNames = new LinkedNames();

  /** `check` is called repeatedly while a large file is copied; its error ends the copy. */
  constructor({ to, without }: CopyRequest, opaqueAttribute: string, check: () => void) {
    this.#without = without;
    this.#opaqueAttribute = opaqueAttribute;
    this.#to = new OpenDirectories(to);
    this.#data = new FileData(check);
    // Remove attributes and bits that new files would inherit.
    const { rootFd } = this.#to;
    for (const name of listXattrsFd(rootFd)) removeXattrFd(rootFd, name);
    chownFd(rootFd, 0, 0);
    chmodFd(rootFd, 0o700);
  }

  /** One sentence for each attribute that could not be kept. */
  get warnings(): readonly string[] {
    return this.#metadata.warnings;
  }

  /** Copies `changes`, which begin with the root's entry; yields each as copied. */
  *copy(changes: Iterable<DiffChange>): Generator<DiffChange, void> {
    for (const change of changes) {
      if (this.#without.size > 0 && this.#without.has(pathKey(change.path))) continue;
      if (change.kind === 'entry') yield* this.#entry(change);
      else {
        if (change.kind === 'whiteout') this.#whiteout(change.path);
        else makeOpaque(this.#to.fd(pathKey(change.path)), this.#opaqueAttribute);
        yield change;
      }
    }
    while (this.#open.length > 0) this.#finish();
  }

  [Symbol.dispose](): void {
    this.#to[Symbol.dispose]();
  }

  #whiteout(path: Uint8Array): void {
    const parent = pathKey(parentPath(path));
    this.#finishUpTo(parent);
    makeWhiteout(this.#to.fd(parent), nameOf(path));
  }

  *#entry(change: EntryChange): Generator<DiffChange, void> {
    const { stat, path, directory } = change;
    if (path.length > 0) this.#finishUpTo(directory);
    if (stat.type === 'directory') {
      if (path.length > 0) mkdirAt(this.#to.fd(directory), nameOf(path), stat.mode & 0o777);
      this.#open.push(change);
      yield change;
    } else if (this.#linkIfCopied(change)) yield change;
    else if (stat.type === 'file') yield* this.#file(change);
    else {
      this.#node(change);
      yield change;
    }
  }

  /** Finishes open directories until the one at `key` is the last. */
  #finishUpTo(key: string): void {
    for (let open = this.#open.at(-1); !open || pathKey(open.path) !== key; open = this.#open.at(-1)) this.#finish();
  }

  /** Sets metadata last: every new name in a directory changes its times, and new files would inherit attributes. */
  #finish(): void {
    const directory = this.#open.pop();
    invariant(directory, 'changes come parents first');
    const { path, stat, tree } = directory;
    const key = pathKey(path);
    const metadata = { ...metadataOf(stat), xattrs: readXattrs(tree.fd(key), isArchived) };
    if (key === '') this.#metadata.oldDirectory(this.#to.rootFd, metadata, path);
    else this.#metadata.newDirectory(this.#to.fd(key), metadata, path);
  }

  /** Returns true when the inode was already copied under another name; links it then. */
  #linkIfCopied(change: EntryChange): boolean {
    const { stat, path, directory } = change;
    if (stat.nlink < 2) return false;
    const first = this.#firstNames.first(stat);
    if (first) {
      linkAt(this.#to.fd(pathKey(parentPath(first))), nameOf(first), this.#to.fd(directory), nameOf(path));
    } else this.#firstNames.add(stat, path);
    return first !== undefined;
  }

  *#file(change: EntryChange): Generator<DiffChange, void> {
    const { stat, path, tree, directory } = change;
    const name = nameOf(path);
    const from = openAt(tree.fd(directory), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (statFd(from).type !== 'file') throw replacedFile(path);
      const fd = openAt(this.#to.fd(directory), name, creating, stat.mode & 0o777);
      try {
        const content = this.#data.copy(from, fd, stat);
        const xattrs = readXattrs(from, all);
        this.#metadata.newFile(fd, { ...metadataOf(stat), xattrs: filterXattrs(xattrs, isArchived) }, path);
        // A file that is written to meanwhile may have become shorter or longer.
        stat.size = content?.length ?? statFd(fd).size;
        yield { ...change, file: { fd, xattrs, content } };
      } finally {
        closeFd(fd);
      }
    } finally {
      closeFd(from);
    }
  }

  #node({ stat, path, tree, directory }: EntryChange): void {
    const from = tree.fd(directory);
    const to = this.#to.fd(directory);
    const name = nameOf(path);
    if (stat.type === 'symlink') symlinkAt(readlinkAt(from, name), to, name);
    else {
      const { type } = stat;
      invariant(type !== 'file' && type !== 'directory' && type !== 'unknown', 'a layer has no such entry');
      mknodAt(to, name, type, stat.mode & 0o777, stat.nodeMajor, stat.nodeMinor);
    }
    const metadata = { ...metadataOf(stat), xattrs: readXattrsAt(from, name, isArchived) };
    this.#metadata.newNode(to, name, metadata, path, stat.type === 'symlink');
  }
}

const all = (): boolean => true;

/** Returns the error for a file that a running container has replaced by another kind of node. */
const replacedFile = (path: Uint8Array): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_SOURCE_CHANGED',
    message: `file ${JSON.stringify(displayBytes(path))}: is not a regular file any more`,
    hint: 'Pause or stop the program that changes it, then try again.',
  });

const creating = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;

const metadataOf = ({ uid, gid, permissions, mtime }: FileStat): Omit<NodeMetadata, 'xattrs'> => ({
  uid,
  gid,
  mode: permissions,
  mtime,
});
