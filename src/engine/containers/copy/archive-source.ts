import { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding, tarStoredBytes } from '../../../archive/index.ts';
import { Chunks } from '../../../layer/chunks.ts';
import { sparseRuns } from '../../../layer/diff/sparse-runs.ts';
import { OpenDirectories } from '../../../layer/open-directories.ts';
import { childPath, pathKey } from '../../../layer/tree-path.ts';
import { isArchived, noXattrs, readXattrs } from '../../../layer/xattrs.ts';
import { displayBytes } from '../../../lib/bytes.ts';
import { AT_FDCWD, O_NOFOLLOW, O_PATH, O_RDONLY } from '../../../sys/constants.ts';
import { readFullyAt } from '../../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../../sys/if-there.ts';
import { isKernelFile } from '../../../sys/is-kernel-file.ts';
import { LinkedNames } from '../../../sys/linked-names.ts';
import { listFd } from '../../../sys/list-at.ts';
import { type FileStat, statFd } from '../../../sys/stat.ts';
import { sourceWithoutSize } from './failures.ts';
import type { CopySource } from './source.ts';

const slash = Buffer.from('/');
const dot = Buffer.from('.');
const nothing: readonly Uint8Array[] = [];

interface DirectoryLevel {
  readonly key: string;
  readonly path: Uint8Array;
  /** Names not visited yet, in byte order. */
  readonly names: Iterator<Uint8Array, void>;
}

/**
 * Yields a tar of the source, parents first, in byte order. The receiver owns the chunks. The container may change the tree
 * meanwhile: every entry is opened with O_PATH and read through that descriptor, so a symlink or device put in its place is
 * never followed or opened. Vanished entries and sockets are left out. Top-level directories named in `emptied` are empty in
 * the tar when something is mounted over them. Throws `onShrunk()` when a file becomes shorter, ERR_COPY_NO_SIZE for a file
 * of the kernel.
 */
export function* archiveSource(
  { fd, stat, path: sourcePath, name }: CopySource,
  as: Uint8Array | undefined,
  onShrunk: () => Error,
  emptied: readonly string[] = [],
): Generator<Uint8Array, void> {
  const path = as ?? (name === undefined ? dot : Buffer.from(name));
  const describePath = (below: Uint8Array): string => `${sourcePath}${displayBytes(below.subarray(path.length))}`;
  const archiver = new CopyArchiver(onShrunk, emptied, describePath);
  if (stat.type === 'directory') yield* archiver.tree(fd, path);
  else yield* archiver.node(fd, stat, path);
  yield* archiver.end();
}

class CopyArchiver {
  readonly #onShrunk: () => Error;
  readonly #emptied: readonly string[];
  readonly #describePath: (path: Uint8Array) => string;
  readonly #out = new Chunks();
  /** First names of files with several hard links. */
  readonly #firstNames = new LinkedNames();

  /** `describePath` returns the source path of an entry's path in the archive, for messages. */
  constructor(onShrunk: () => Error, emptied: readonly string[], describePath: (path: Uint8Array) => string) {
    this.#onShrunk = onShrunk;
    this.#emptied = emptied;
    this.#describePath = describePath;
  }

  *tree(top: number, path: Uint8Array): Generator<Uint8Array, void> {
    using tree = new OpenDirectories(`/proc/self/fd/${top}`);
    const { deviceMajor, deviceMinor } = statFd(tree.rootFd);
    const isMounted = (stat: FileStat): boolean => stat.deviceMajor !== deviceMajor || stat.deviceMinor !== deviceMinor;
    yield* this.#directory(tree.rootFd, path);
    const levels: DirectoryLevel[] = [{ key: '', path: new Uint8Array(0), names: listSorted(tree.rootFd) }];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { value: name } = level.names.next();
      if (name === undefined) {
        levels.pop();
        continue;
      }
      const inside = childPath(level.path, name);
      const fd = openIfPresent(tree, level.key, name);
      if (fd === undefined) continue;
      try {
        const stat = statFd(fd);
        const below = Buffer.concat([path, slash, inside]);
        if (stat.type !== 'directory') yield* this.node(fd, stat, below);
        else {
          const key = pathKey(inside);
          const names = yield* this.#enter(fd, below);
          const isEmptied = this.#emptied.includes(key) && isMounted(stat);
          levels.push({ key, path: inside, names: isEmptied ? nothing.values() : names });
        }
      } finally {
        closeFd(fd);
      }
    }
  }

  /** Archives anything but a directory, by an O_PATH descriptor. */
  *node(fd: number, stat: FileStat, path: Uint8Array): Generator<Uint8Array, void> {
    const first = this.#firstName(stat, path);
    if (first) yield* this.#header({ ...fieldsOf(stat), type: 'hardlink', path, linkPath: first });
    else if (stat.type === 'file') yield* this.#file(fd, path);
    else if (stat.type === 'symlink') {
      const linkPath = readlinkAt(fd, '');
      yield* this.#header({ ...fieldsOf(stat), type: 'symlink', path, linkPath, xattrs: noXattrs });
    } else if (stat.type === 'fifo') yield* this.#header({ ...fieldsOf(stat), type: 'fifo', path });
    else if (stat.type === 'character-device' || stat.type === 'block-device') {
      const { type, nodeMajor: deviceMajor, nodeMinor: deviceMinor } = stat;
      yield* this.#header({ ...fieldsOf(stat), type, path, deviceMajor, deviceMinor });
    }
  }

  *end(): Generator<Uint8Array, void> {
    yield* this.#out.put(tarEnd);
    yield* this.#out.rest();
  }

  *#enter(found: number, path: Uint8Array): Generator<Uint8Array, Iterator<Uint8Array, void>> {
    const fd = openAt(found, dot, O_RDONLY);
    try {
      yield* this.#directory(fd, path);
      return listSorted(fd);
    } finally {
      closeFd(fd);
    }
  }

  *#directory(fd: number, path: Uint8Array): Generator<Uint8Array, void> {
    const xattrs = readXattrs(fd, isArchived);
    const fields = { ...fieldsOf(statFd(fd)), path: Buffer.concat([path, slash]), xattrs };
    yield* this.#header({ ...fields, type: 'directory' });
  }

  *#file(found: number, path: Uint8Array): Generator<Uint8Array, void> {
    if (isKernelFile(found)) throw sourceWithoutSize(this.#describePath(path));
    // Reopens the same inode, which stays a regular file.
    const fd = openAt(AT_FDCWD, `/proc/self/fd/${found}`, O_RDONLY);
    try {
      const stat = statFd(fd);
      const sparse = sparseRuns(fd, stat);
      const xattrs = readXattrs(fd, isArchived);
      const fields: TarHeaderFields = { ...fieldsOf(stat), type: 'file', path, sizeBytes: stat.size, xattrs, sparse };
      yield* this.#header(fields);
      for (const { offset, length } of sparse ?? [{ offset: 0, length: stat.size }]) {
        const isWhole = yield* this.#out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
        if (!isWhole) throw this.#onShrunk();
      }
      yield* this.#out.put(tarPadding(tarStoredBytes(fields)));
    } finally {
      closeFd(fd);
    }
  }

  *#header(fields: TarHeaderFields): Generator<Uint8Array, void> {
    yield* this.#out.put(encodeTarHeader(fields));
  }

  #firstName(stat: FileStat, path: Uint8Array): Uint8Array | undefined {
    if (stat.nlink < 2 || stat.type === 'socket') return undefined;
    const first = this.#firstNames.first(stat);
    if (!first) this.#firstNames.add(stat, path);
    return first;
  }
}

const listSorted = (fd: number): Iterator<Uint8Array, void> => listFd(fd).sort().names();

/** Opens an entry. Undefined when it or its directory has vanished. */
function openIfPresent(tree: OpenDirectories, key: string, name: Uint8Array): number | undefined {
  return ifThere(() => openAt(tree.fd(key), name, O_PATH | O_NOFOLLOW), unreachable);
}

const fieldsOf = ({
  permissions: mode,
  uid,
  gid,
  mtime,
}: FileStat): Pick<TarHeaderFields, 'mode' | 'uid' | 'gid' | 'mtime'> => ({
  mode,
  uid,
  gid,
  mtime,
});
