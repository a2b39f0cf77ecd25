import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from './constants.ts';
import { errnoNumber, SyscallError } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { libc } from './libc.ts';
import { displayName, type Name, nameAddress, scratch } from './scratch.ts';

export type FileType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'fifo'
  | 'socket'
  | 'unknown';

const types: { readonly [bits: number]: FileType } = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'character-device',
  [S_IFBLK]: 'block-device',
  [S_IFIFO]: 'fifo',
  [S_IFSOCK]: 'socket',
};

/** Returns the type in the S_IFMT bits of a mode; getdents64(2) reports them shifted. */
export const fileTypeOf = (mode: number): FileType => types[mode & S_IFMT] ?? 'unknown';

/** Attributes of an inode from statx(2). Mutable, so that a loop over many files can fill the same object. */
export class FileStat {
  /** Type and permission bits. */
  mode = 0;
  uid = 0;
  gid = 0;
  nlink = 0;
  /** Inode number. A bigint, because overlay and btrfs use the upper bits, and two inodes must never compare equal. */
  ino = 0n;
  /** Size in bytes; exact up to 2^53. */
  size = 0;
  /** Allocated units of 512 bytes. */
  blocks = 0;
  deviceMajor = 0;
  deviceMinor = 0;
  /** Device number of a device node. */
  nodeMajor = 0;
  nodeMinor = 0;
  readonly atime: { seconds: number; nanoseconds: number } = { seconds: 0, nanoseconds: 0 };
  readonly mtime: { seconds: number; nanoseconds: number } = { seconds: 0, nanoseconds: 0 };
  readonly ctime: { seconds: number; nanoseconds: number } = { seconds: 0, nanoseconds: 0 };

  get type(): FileType {
    return fileTypeOf(this.mode);
  }

  /** Permission, setuid, setgid and sticky bits. */
  get permissions(): number {
    return this.mode & 0o7777;
  }

  isSameInode(other: FileStat): boolean {
    return this.ino === other.ino && this.deviceMajor === other.deviceMajor && this.deviceMinor === other.deviceMinor;
  }
}

/** Returns the attributes of a name, a symlink itself included, statx(2). Fills and returns `into`. */
export function statAt(dirFd: number, name: Name, into: FileStat = new FileStat()): FileStat {
  const errno = statx(dirFd, name, AT_SYMLINK_NOFOLLOW);
  if (errno !== 0) throw failure(errno, name);
  return read(into);
}

/** Does the same as {@link statAt}, but returns undefined for a missing name (ENOENT), without the cost of an exception. */
export function statAtIfThere(dirFd: number, name: Name, into: FileStat = new FileStat()): FileStat | undefined {
  const errno = statx(dirFd, name, AT_SYMLINK_NOFOLLOW);
  if (errno === 0) return read(into);
  if (errno === noEntry) return undefined;
  throw failure(errno, name);
}

/** Returns the attributes of an open descriptor, O_PATH ones included, statx(2). */
export function statFd(fd: number, into: FileStat = new FileStat()): FileStat {
  const errno = statx(fd, '', AT_EMPTY_PATH);
  if (errno !== 0) throw failure(errno, undefined);
  return read(into);
}

// Linux 5.8.
const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** True when the name is a mount point in the directory's mount namespace. ENOENT when the name does not exist. */
export function isMountRoot(dirFd: number, name: Name): boolean {
  const errno = statx(dirFd, name, AT_SYMLINK_NOFOLLOW);
  if (errno !== 0) throw failure(errno, name);
  const { view, struct } = scratch();
  return (view.getUint32(struct + 8, true) & STATX_ATTR_MOUNT_ROOT) !== 0;
}

const STATX_BASIC_STATS = 0x7ff;

const noEntry = errnoNumber('ENOENT');
// V8 may take its own locks between a call and our reading of errno, and a lock that turns out to be free leaves one of these
// numbers (futex(2) through syscall(2), in absl::Mutex). statx(2) itself returns none of them.
const foreign: ReadonlySet<number> = new Set((['EAGAIN', 'EINTR', 'ETIMEDOUT'] as const).map(errnoNumber));
const attempts = 4;

/** Calls statx(2) and returns 0 or the error number. */
function statx(dirFd: number, name: Name, flags: number): number {
  const { syscall, numbers } = libc();
  const address = nameAddress(name);
  for (let attempt = 1; ; attempt++) {
    const result = syscall(numbers.statx, dirFd, address, flags, STATX_BASIC_STATS, scratch().structAddress, 0);
    if (Number(result) >= 0) return 0;
    const errno = lastErrno();
    if (attempt === attempts || !foreign.has(errno)) return errno;
  }
}

const failure = (errno: number, name: Name | undefined): SyscallError =>
  new SyscallError({ syscall: 'statx', errno, path: name === undefined ? undefined : displayName(name) });

function read(into: FileStat): FileStat {
  const { view, struct } = scratch();
  into.nlink = view.getUint32(struct + 16, true);
  into.uid = view.getUint32(struct + 20, true);
  into.gid = view.getUint32(struct + 24, true);
  into.mode = view.getUint16(struct + 28, true);
  into.ino = view.getBigUint64(struct + 32, true);
  into.size = readUint64(view, struct + 40);
  into.blocks = readUint64(view, struct + 48);
  readTime(view, struct + 64, into.atime);
  readTime(view, struct + 96, into.ctime);
  readTime(view, struct + 112, into.mtime);
  into.nodeMajor = view.getUint32(struct + 128, true);
  into.nodeMinor = view.getUint32(struct + 132, true);
  into.deviceMajor = view.getUint32(struct + 136, true);
  into.deviceMinor = view.getUint32(struct + 140, true);
  return into;
}

const wordSize = 2 ** 32;

const readUint64 = (view: DataView, offset: number): number =>
  view.getUint32(offset, true) + view.getUint32(offset + 4, true) * wordSize;

function readTime(view: DataView, offset: number, into: { seconds: number; nanoseconds: number }): void {
  into.seconds = view.getUint32(offset, true) + view.getInt32(offset + 4, true) * wordSize;
  into.nanoseconds = view.getUint32(offset + 8, true);
}
