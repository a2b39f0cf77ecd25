// Creates, moves and removes names relative to a directory descriptor. Hot: one layer has tens of thousands of files, so
// nothing is allocated per call, and names are passed through scratch memory.
import { AT_REMOVEDIR, O_CLOEXEC, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from './constants.ts';
import { errnoNumber, SyscallError } from './errno.ts';
import { libc } from './libc.ts';
import { explainRefusal } from './refusals.ts';
import { copyOf, displayName, lastError, type Name, nameAddress, pathMax, scratch } from './scratch.ts';

/**
 * Opens a file, openat(2), always close-on-exec. `mode` matters with O_CREAT and is subject to the umask. The caller closes the
 * descriptor with {@link closeFd} or a function of Node's.
 */
export function openAt(dirFd: number, name: Name, flags: number, mode = 0): number {
  const fd = libc().openat(dirFd, nameAddress(name), flags | O_CLOEXEC, mode);
  if (fd < 0) throw lastError('openat', name);
  return fd;
}

/** Closes a descriptor, close(2). */
export function closeFd(fd: number): void {
  if (libc().close(fd) < 0) throw lastError('close');
}

/** Creates a directory, mkdirat(2); `mode` is subject to the umask. */
export function mkdirAt(dirFd: number, name: Name, mode: number): void {
  if (libc().mkdirat(dirFd, nameAddress(name), mode) < 0) throw lastError('mkdirat', name);
}

/** Creates `name` as a symlink to `target`, whose bytes are stored as they are, symlinkat(2). */
export function symlinkAt(target: Name, dirFd: number, name: Name): void {
  if (libc().symlinkat(nameAddress(target, 1), dirFd, nameAddress(name)) < 0) throw lastError('symlinkat', name);
}

/**
 * Creates another name for an existing inode, linkat(2). If the old name is a symlink, the symlink itself is linked, unless
 * `flags` has AT_SYMLINK_FOLLOW.
 */
export function linkAt(oldDirFd: number, oldName: Name, newDirFd: number, newName: Name, flags = 0): void {
  const oldAddress = nameAddress(oldName, 1);
  if (libc().linkat(oldDirFd, oldAddress, newDirFd, nameAddress(newName), flags) < 0)
    throw lastError('linkat', newName);
}

export type NodeType = 'character-device' | 'block-device' | 'fifo' | 'socket';

const typeBits: { readonly [Type in NodeType]: number } = {
  'character-device': S_IFCHR,
  'block-device': S_IFBLK,
  fifo: S_IFIFO,
  socket: S_IFSOCK,
};

/**
 * Creates a special file, mknodat(2); `mode` has permission bits and is subject to the umask. Device numbers, for devices only,
 * end at 4095 (major) and 1048575 (minor). Larger ones throw EINVAL, where the kernel would truncate them.
 */
export function mknodAt(dirFd: number, name: Name, type: NodeType, mode: number, major = 0, minor = 0): void {
  const { syscall, numbers } = libc();
  if (!(major >= 0 && major <= 0xfff && minor >= 0 && minor <= 0xfffff)) {
    throw new SyscallError({ syscall: 'mknodat', errno: errnoNumber('EINVAL'), path: displayName(name) });
  }
  const address = nameAddress(name);
  if (Number(syscall(numbers.mknodat, dirFd, address, mode | typeBits[type], encodeDevice(major, minor), 0, 0)) < 0) {
    throw explainRefusal(lastError('mknodat', name), 'devices cannot be made');
  }
}

// The kernel's new_encode_dev().
const encodeDevice = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0;

/** Removes anything but a directory, unlinkat(2); a symlink itself, never its target. */
export function unlinkAt(dirFd: number, name: Name): void {
  if (libc().unlinkat(dirFd, nameAddress(name), 0) < 0) throw lastError('unlinkat', name);
}

/** Removes an empty directory, unlinkat(2) with AT_REMOVEDIR. */
export function rmdirAt(dirFd: number, name: Name): void {
  if (libc().unlinkat(dirFd, nameAddress(name), AT_REMOVEDIR) < 0) throw lastError('unlinkat', name);
}

/** Renames, renameat2(2); `flags` may be RENAME_NOREPLACE or RENAME_EXCHANGE. */
export function renameAt(oldDirFd: number, oldName: Name, newDirFd: number, newName: Name, flags = 0): void {
  const { syscall, numbers } = libc();
  const oldAddress = nameAddress(oldName, 1);
  const newAddress = nameAddress(newName);
  if (Number(syscall(numbers.renameat2, oldDirFd, oldAddress, newDirFd, newAddress, flags, 0)) < 0) {
    throw lastError('renameat2', newName);
  }
}

/** Returns a copy of a symlink's target, readlinkat(2). An empty name reads the symlink that `dirFd` itself is open on. */
export function readlinkAt(dirFd: number, name: Name): Uint8Array {
  const { bytes, second, secondAddress } = scratch();
  const length = Number(libc().readlinkat(dirFd, nameAddress(name), secondAddress, pathMax));
  if (length < 0) throw lastError('readlinkat', name);
  return copyOf(bytes, second, length);
}
