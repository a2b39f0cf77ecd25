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
import { withoutSize } from './failures.ts';
import type { CopySource } from './source.ts';

const slash = Buffer.from('/');
const dot = Buffer.from('.');
const nothing: readonly Uint8Array[] = [];

interface Level {
  readonly key: string;
  readonly place: Uint8Array;
  /** Those not looked at yet, by bytes. */
  readonly names: Iterator<Uint8Array, void>;
}

/**
 * What is copied as a tar, in chunks that belong to the receiver: parents first, by bytes. Of a tree that its container
 * changes meanwhile: each thing is opened without being acted upon and described by that descriptor, so that neither a
 * symlink nor a device put in its place is ever followed or opened; what is gone is left out. Sockets are left out.
 * Throws `torn` when a file becomes shorter, ERR_COPY_NO_SIZE for a file of the kernel's. Of the directories right below, those that `kernels` names are empty where
 * something is mounted over them.
 */
export function* archiveSource(
  { fd, stat, path: place, name }: CopySource,
  as: Uint8Array | undefined,
  torn: () => Error,
  kernels: readonly string[] = [],
): Generator<Uint8Array, void> {
  const path = as ?? (name === undefined ? dot : Buffer.from(name));
  const placeOf = (below: Uint8Array): string => `${place}${displayBytes(below.subarray(path.length))}`;
  const archiver = new CopyArchiver(torn, kernels, placeOf);
  if (stat.type === 'directory') yield* archiver.tree(fd, path);
  else yield* archiver.node(fd, stat, path);
  yield* archiver.end();
}

class CopyArchiver {
  readonly #torn: () => Error;
  readonly #kernels: readonly string[];
  readonly #placeOf: (path: Uint8Array) => string;
  readonly #out = new Chunks();
  /** First names of files that have several. */
  readonly #firstNames = new LinkedNames();

  /** `placeOf` tells for messages where something stands that has this path in the archive. */
  constructor(torn: () => Error, kernels: readonly string[], placeOf: (path: Uint8Array) => string) {
    this.#torn = torn;
    this.#kernels = kernels;
    this.#placeOf = placeOf;
  }

  *tree(top: number, path: Uint8Array): Generator<Uint8Array, void> {
    using tree = new OpenDirectories(`/proc/self/fd/${top}`);
    const { deviceMajor, deviceMinor } = statFd(tree.rootFd);
    const isMounted = (stat: FileStat): boolean => stat.deviceMajor !== deviceMajor || stat.deviceMinor !== deviceMinor;
    yield* this.#directory(tree.rootFd, path);
    const levels: Level[] = [{ key: '', place: new Uint8Array(0), names: sortedNames(tree.rootFd) }];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { value: name } = level.names.next();
      if (name === undefined) {
        levels.pop();
        continue;
      }
      const place = childPath(level.place, name);
      const fd = openedIfThere(tree, level.key, name);
      if (fd === undefined) continue;
      try {
        const stat = statFd(fd);
        const below = Buffer.concat([path, slash, place]);
        if (stat.type !== 'directory') yield* this.node(fd, stat, below);
        else {
          const key = pathKey(place);
          const names = yield* this.#enter(fd, below);
          const isKernels = this.#kernels.includes(key) && isMounted(stat);
          levels.push({ key, place, names: isKernels ? nothing.values() : names });
        }
      } finally {
        closeFd(fd);
      }
    }
  }

  /** Anything but a directory, by an O_PATH descriptor. */
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
      return sortedNames(fd);
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
    if (isKernelFile(found)) throw withoutSize(this.#placeOf(path));
    // The very inode: it is a file for good.
    const fd = openAt(AT_FDCWD, `/proc/self/fd/${found}`, O_RDONLY);
    try {
      const stat = statFd(fd);
      const sparse = sparseRuns(fd, stat);
      const xattrs = readXattrs(fd, isArchived);
      const fields: TarHeaderFields = { ...fieldsOf(stat), type: 'file', path, sizeBytes: stat.size, xattrs, sparse };
      yield* this.#header(fields);
      for (const { offset, length } of sparse ?? [{ offset: 0, length: stat.size }]) {
        const isWhole = yield* this.#out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
        if (!isWhole) throw this.#torn();
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

const sortedNames = (fd: number): Iterator<Uint8Array, void> => listFd(fd).sort().names();

/** Undefined when it went away, or its directory did. */
function openedIfThere(tree: OpenDirectories, key: string, name: Uint8Array): number | undefined {
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
