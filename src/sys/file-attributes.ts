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

/** Seconds since the epoch, possibly negative, plus 0–999,999,999 nanoseconds. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * Changes the owner, fchownat(2), of a symlink itself too. The kernel clears setuid and setgid bits, so change the mode after.
 * @throws ERR_NEEDS_ROOT, ERR_OWNER_UNMAPPED
 */
export function chownAt(dirFd: number, name: Name, uid: number, gid: number): void {
  const { fchownat } = libc();
  if (fchownat(dirFd, nameAddress(name), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
    throw explainOwnerRefusal(lastError('fchownat', name), uid, gid);
}

/** Changes the owner of a descriptor that is not O_PATH, fchown(2); see {@link chownAt}. */
export function chownFd(fd: number, uid: number, gid: number): void {
  if (libc().fchown(fd, uid, gid) < 0) throw explainOwnerRefusal(lastError('fchown'), uid, gid);
}

/** Changes the mode of a descriptor that is not O_PATH, fchmod(2). */
export function chmodFd(fd: number, mode: number): void {
  if (libc().fchmod(fd, mode) < 0) throw lastError('fchmod');
}

/** Changes the mode, fchmodat2(2) or its equivalent before Linux 6.6. A symlink gives EOPNOTSUPP. */
export function chmodAt(dirFd: number, name: Name, mode: number): void {
  if (!hasSyscall('fchmodat2')) return chmodThroughProc(dirFd, name, mode);
  const { syscall, numbers } = libc();
  const result = syscall(numbers.fchmodat2, dirFd, nameAddress(name), mode, AT_SYMLINK_NOFOLLOW, 0, 0);
  if (Number(result) < 0) throw lastError('fchmodat2', name);
}

/** Does the same as {@link chmodAt} through a descriptor's link in /proc, for kernels without fchmodat2. */
export function chmodThroughProc(dirFd: number, name: Name, mode: number): void {
  const fd = openAt(dirFd, name, O_PATH | O_NOFOLLOW);
  try {
    // Filesystems disagree on the mode of a symlink: some change it and still report a failure.
    if (statFd(fd).type === 'symlink') {
      throw new SyscallError({ syscall: 'chmod', errno: errnoNumber('EOPNOTSUPP'), path: displayName(name) });
    }
    if (libc().chmod(nameAddress(`/proc/self/fd/${fd}`), mode) < 0) throw lastError('chmod', name);
  } finally {
    closeFd(fd);
  }
}

/** Sets the times, utimensat(2), of a symlink itself too. An undefined time is not changed. Filesystems clamp to their range. */
export function utimensAt(dirFd: number, name: Name, atime: FileTime | undefined, mtime: FileTime | undefined): void {
  const times = putTimes(atime, mtime);
  const { utimensat } = libc();
  if (utimensat(dirFd, nameAddress(name), times, AT_SYMLINK_NOFOLLOW) < 0) throw lastError('utimensat', name);
}

/** Sets the times of a descriptor that is not O_PATH, futimens(3); see {@link utimensAt}. */
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

// Writes a timespec in 32-bit halves, because a bigint per time would be an allocation per file.
function putTime(view: DataView, offset: number, time: FileTime | undefined): void {
  if (time === undefined) {
    view.setUint32(offset + 8, UTIME_OMIT, true);
  } else {
    const { seconds, nanoseconds } = time;
    // Outside this range are commands such as UTIME_NOW.
    invariant(nanoseconds >= 0 && nanoseconds <= 999_999_999, 'nanoseconds are below one second');
    view.setUint32(offset, seconds >>> 0, true);
    view.setInt32(offset + 4, Math.floor(seconds / wordSize), true);
    view.setUint32(offset + 8, nanoseconds, true);
  }
  view.setUint32(offset + 12, 0, true);
}
