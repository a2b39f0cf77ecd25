import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { type FileTime, utimensAt } from '../../sys/file-attributes.ts';
import { closeFd, openAt, readlinkAt, rmdirAt, unlinkAt } from '../../sys/fs-at.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAtIfThere, statFd } from '../../sys/stat.ts';

/** Mount points that the runtime will have to create in one directory. */
interface Missing {
  /** Path without symlinks: names from the root, bytes as latin1 text. */
  readonly directory: readonly string[];
  /** The directory as it was. */
  readonly before: FileStat;
  /** Paths missing in it, each as names from the outermost directory on. */
  readonly chains: (readonly string[])[];
}

// The kernel's clock for files ticks every few milliseconds.
const tickNs = 10_000_000n;

/**
 * Mount points that a container's root lacks. The runtime creates them and leaves them behind, also at the targets of
 * the image's symlinks: they do not belong to the container's changes.
 */
export class CreatedMountPoints implements Disposable {
  readonly #tree: RootedTree;
  readonly #missing = new Map<string, Missing>();

  /** Records the missing mount points, before the runtime starts. The root stays open until disposal. */
  constructor(root: string, paths: readonly string[]) {
    this.#tree = RootedTree.open(root);
    for (const path of paths) {
      const found = missingAt(this.#tree.fd, path);
      if (found === undefined) continue;
      const key = found.directory.join('/');
      const known = this.#missing.get(key);
      if (known) known.chains.push(...found.chains);
      else this.#missing.set(key, found);
    }
  }

  /** Removes the mount points that are still empty; nothing is mounted there any more. */
  remove(): void {
    for (const missing of this.#missing.values()) {
      const directory = openDirectory(this.#tree.fd, missing.directory);
      if (directory === undefined) continue;
      try {
        removeFrom(directory, missing);
      } finally {
        closeFd(directory);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#tree.close();
  }
}

function removeFrom(directory: number, { before, chains }: Missing): void {
  const { atime, mtime } = statFd(directory);
  const created = chains.flatMap(([outermost = '']) => statAtIfThere(directory, bytes(outermost)) ?? []);
  const removed = chains.filter((names) => removeChain(directory, names));
  if (removed.length === 0) return;
  // A directory that last changed together with its newest mount point had no other change.
  const isOurs = created.some((stat) => nanoseconds(mtime) <= nanoseconds(stat.mtime) + tickNs);
  utimensAt(directory, '.', isOurs ? before.atime : atime, isOurs ? before.mtime : mtime);
}

const nanoseconds = (time: FileTime): bigint => BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanoseconds);

/** Returns undefined for an existing path, and for one that no runtime could create. */
function missingAt(rootFd: number, path: string): Missing | undefined {
  const directory: string[] = [];
  let rest = path.split('/');
  for (let hops = 0; rest.length > 0; ) {
    const [name = '', ...more] = rest;
    rest = more;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      directory.pop();
      continue;
    }
    const fd = openDirectory(rootFd, directory);
    if (fd === undefined) return undefined;
    try {
      const type = statAtIfThere(fd, bytes(name))?.type;
      if (type === undefined) {
        const names = [name, ...more.filter((each) => each !== '' && each !== '.')];
        return names.includes('..') ? undefined : { directory, before: statFd(fd), chains: [names] };
      }
      if (type === 'symlink') {
        if (++hops > maxSymlinkHops) return undefined;
        const target = Buffer.from(readlinkAt(fd, bytes(name))).toString('latin1');
        if (target.startsWith('/')) directory.length = 0;
        rest = [...target.split('/'), ...more];
      } else directory.push(name);
    } finally {
      closeFd(fd);
    }
  }
  return undefined;
}

const bytes = (name: string): Uint8Array => Buffer.from(name, 'latin1');

/** Opens names that must be directories themselves: a symlink put there meanwhile is not followed. */
function openDirectory(rootFd: number, names: readonly string[]): number | undefined {
  let fd = openAt(rootFd, '.', O_PATH | O_DIRECTORY);
  for (const name of names) {
    try {
      const child = openAt(fd, bytes(name), O_PATH | O_DIRECTORY | O_NOFOLLOW);
      closeFd(fd);
      fd = child;
    } catch (error) {
      closeFd(fd);
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }
  return fd;
}

/** Removes the innermost first, each only if it is empty; returns true when the outermost was removed. */
function removeChain(directory: number, [outermost = '', ...inner]: readonly string[]): boolean {
  const stat = statAtIfThere(directory, bytes(outermost));
  if (stat?.type === 'file' && inner.length === 0 && stat.size === 0) {
    unlinkAt(directory, bytes(outermost));
    return true;
  }
  if (stat?.type !== 'directory') return false;
  const fd = inner.length === 0 ? undefined : openDirectory(directory, [outermost]);
  if (fd !== undefined) {
    try {
      removeChain(fd, inner);
    } finally {
      closeFd(fd);
    }
  }
  return removeIfEmpty(directory, outermost);
}

function removeIfEmpty(directory: number, name: string): boolean {
  try {
    rmdirAt(directory, bytes(name));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY') return false;
    throw error;
  }
}
