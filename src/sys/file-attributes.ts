// Owner, mode and times, never through a symlink.
import { invariant } from '../lib/invariant.ts';
import { AT_SYMLINK_NOFOLLOW, O_NOFOLLOW, O_PATH } from './constants.ts';
import { errnoNumber, SyscallError } from './errno.ts';
import { closeFd, openAt } from './fs-at.ts';
import { hasSyscall } from './has-syscall.ts';
import { libc } from './libc.ts';
import { explainOwnerRefusal } from './refusals.ts';
import { displayName, lastError, type Name, nameAddress, scratch } from './scratch.ts';
import { statFd } from './stat.ts';

/** Seconds since the epoch, possibly negative, and 0–999,999,999 nanoseconds that count forward. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * fchownat(2) without following. The kernel clears a file's setuid and setgid bits: chmod comes after.
 * @throws ERR_NEEDS_ROOT, ERR_OWNER_UNMAPPED
 */
export function chownAt(dirFd: number, name: Name, uid: number, gid: number): void {
  const { fchownat } = libc();
  if (fchownat(dirFd, nameAddress(name), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
    throw explainOwnerRefusal(lastError('fchownat', name), uid, gid);
}

/** fchown(2), with a descriptor that is not O_PATH; see {@link chownAt}. */
export function chownFd(fd: number, uid: number, gid: number): void {
  if (libc().fchown(fd, uid, gid) < 0) throw explainOwnerRefusal(lastError('fchown'), uid, gid);
}

/** fchmod(2), with a descriptor that is not O_PATH. */
export function chmodFd(fd: number, mode: number): void {
  if (libc().fchmod(fd, mode) < 0) throw lastError('fchmod');
}

/** fchmodat2(2) without following: a symlink gives EOPNOTSUPP. Also on kernels before 6.6, which lack the call. */
export function chmodAt(dirFd: number, name: Name, mode: number): void {
  if (!hasSyscall('fchmodat2')) return chmodThroughProc(dirFd, name, mode);
  const { syscall, numbers } = libc();
  const result = syscall(numbers.fchmodat2, dirFd, nameAddress(name), mode, AT_SYMLINK_NOFOLLOW, 0, 0);
  if (Number(result) < 0) throw lastError('fchmodat2', name);
}

/** {@link chmodAt} by way of a descriptor's link in /proc, for kernels without fchmodat2. */
export function chmodThroughProc(dirFd: number, name: Name, mode: number): void {
  const fd = openAt(dirFd, name, O_PATH | O_NOFOLLOW);
  try {
    // Filesystems disagree on the mode of a symlink: some change it and still report failure.
    if (statFd(fd).type === 'symlink') {
      throw new SyscallError({ syscall: 'chmod', errno: errnoNumber('EOPNOTSUPP'), path: displayName(name) });
    }
    if (libc().chmod(nameAddress(`/proc/self/fd/${fd}`), mode) < 0) throw lastError('chmod', name);
  } finally {
    closeFd(fd);
  }
}

/** utimensat(2) without following; an undefined time stays as it is. Filesystems clamp what they cannot store. */
export function utimensAt(dirFd: number, name: Name, atime: FileTime | undefined, mtime: FileTime | undefined): void {
  const times = putTimes(atime, mtime);
  const { utimensat } = libc();
  if (utimensat(dirFd, nameAddress(name), times, AT_SYMLINK_NOFOLLOW) < 0) throw lastError('utimensat', name);
}

/** futimens(3), with a descriptor that is not O_PATH; see {@link utimensAt}. */
export function utimensFd(fd: number, atime: FileTime | undefined, mtime: FileTime | undefined): void {
  if (libc().futimens(fd, putTimes(atime, mtime)) < 0) throw lastError('futimens');
}

function putTimes(atime: FileTime | undefined, mtime: FileTime | undefined): number {
  const { view, struct, structAddress } = scratch();
  putTime(view, struct, atime);
  putTime(view, struct + 16, mtime);
  return structAddress;
}

const UTIME_OMIT = 0x3ffffffe;
const wordSize = 2 ** 32;

// A timespec in two 32-bit halves: a bigint per time would be an allocation per file.
function putTime(view: DataView, offset: number, time: FileTime | undefined): void {
  if (time === undefined) {
    view.setUint32(offset + 8, UTIME_OMIT, true);
  } else {
    const { seconds, nanoseconds } = time;
    // Beyond this range the kernel reads commands such as "now".
    invariant(nanoseconds >= 0 && nanoseconds <= 999_999_999, 'nanoseconds are below one second');
    view.setUint32(offset, seconds >>> 0, true);
    view.setInt32(offset + 4, Math.floor(seconds / wordSize), true);
    view.setUint32(offset + 8, nanoseconds, true);
  }
  view.setUint32(offset + 12, 0, true);
}
