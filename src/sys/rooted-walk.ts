import { invariant } from '../lib/invariant.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from './constants.ts';
import { type Errno, errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { chmodFd, chownFd } from './file-attributes.ts';
import { closeFd, mkdirAt, openAt, readlinkAt } from './fs-at.ts';
import { maxSymlinkHops } from './limits.ts';
import { displayName, type Name } from './scratch.ts';
import { FileStat, statFd } from './stat.ts';

/** Options for creating missing directories on the way. */
export interface CreateDirectories {
  /** Permission bits, regardless of the umask. The owner is this process's user and group, even below a setgid directory. */
  readonly mode: number;
  /** Called for each new directory; the descriptor, open for reading, is valid during the call. */
  readonly onCreate?: (directoryFd: number) => void;
}

export interface RootedWalkOptions {
  /** True to follow a symlink as the last component. */
  readonly followLast: boolean;
  readonly create?: CreateDirectories | undefined;
}

// A limit of ours beside the kernel's for symlinks: with 40 targets of 2000 components each a layer could cause a day's work.
const maxComponents = 10_000;
const slash = 0x2f;
const dot = 0x2e;

/**
 * Resolves `path` as if `rootFd` were `/`, one component after the other, each opened with O_NOFOLLOW below the previous
 * descriptor. So a directory swapped for a symlink at any moment is noticed, and `..` returns to the previous descriptor even if
 * its directory has been moved. Returns an O_PATH descriptor, which the caller closes.
 *
 * It replaces openat2(2) with RESOLVE_IN_ROOT on kernels without it and for trees renamed in a loop (EAGAIN), and it can create
 * directories, also at the target of a dangling symlink. Throws ENOENT, ENOTDIR, ELOOP.
 */
export function walkRooted(rootFd: number, path: Uint8Array, options: RootedWalkOptions): number {
  const opened: number[] = [];
  const stat = new FileStat();
  let rest = path;
  let hops = 0;
  try {
    for (let count = 0; ; count++) {
      if (count > maxComponents) throw failure('ELOOP', path);
      const start = skipSlashes(rest, 0);
      if (start === rest.length) return opened.pop() ?? openAt(rootFd, '.', O_PATH | O_DIRECTORY);
      const end = endOfComponent(rest, start);
      const component = rest.subarray(start, end);
      const isLast = skipSlashes(rest, end) === rest.length;
      rest = rest.subarray(end);
      if (isDot(component)) continue;
      if (isDotDot(component)) {
        const left = opened.pop();
        if (left !== undefined) closeFd(left);
        continue;
      }
      const child = step(opened.at(-1) ?? rootFd, component, options.create);
      opened.push(child);
      const { type } = statFd(child, stat);
      if (type === 'directory') continue;
      if (type === 'symlink' && !(isLast && !options.followLast)) {
        if (++hops > maxSymlinkHops) throw failure('ELOOP', path);
        const target = readlinkAt(child, '');
        closeAll(opened, target[0] === slash ? 0 : opened.length - 1);
        rest = Buffer.concat([target, Buffer.of(slash), rest]);
      } else if (!isLast) {
        throw failure('ENOTDIR', path);
      }
    }
  } finally {
    closeAll(opened, 0);
  }
}

function step(dirFd: number, component: Uint8Array, create: CreateDirectories | undefined): number {
  try {
    return openAt(dirFd, component, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if (!create || errnoOf(error) !== 'ENOENT') throw error;
  }
  makeDirectory(dirFd, component, create);
  return openAt(dirFd, component, O_PATH | O_NOFOLLOW);
}

/** Creates one directory as {@link CreateDirectories} specifies. An existing one stays as it is. */
export function makeDirectory(dirFd: number, name: Name, create: CreateDirectories): void {
  try {
    mkdirAt(dirFd, name, create.mode);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    throw error;
  }
  // By descriptor, because the name may already be another file.
  const fd = openAt(dirFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    invariant(process.geteuid && process.getegid, 'a POSIX system');
    chownFd(fd, process.geteuid(), process.getegid());
    chmodFd(fd, create.mode);
    create.onCreate?.(fd);
  } finally {
    closeFd(fd);
  }
}

function closeAll(fds: number[], keep: number): void {
  while (fds.length > keep) closeFd(fds.pop() as number);
}

function skipSlashes(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === slash) at++;
  return at;
}

function endOfComponent(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(slash, from);
  return end < 0 ? bytes.length : end;
}

const isDot = (name: Uint8Array): boolean => name.length === 1 && name[0] === dot;
const isDotDot = (name: Uint8Array): boolean => name.length === 2 && name[0] === dot && name[1] === dot;

const failure = (errno: Errno, path: Uint8Array): SyscallError =>
  new SyscallError({ syscall: 'openat2', errno: errnoNumber(errno), path: displayName(path) });
