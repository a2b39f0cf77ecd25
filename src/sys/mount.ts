// Mount calls that every kernel has, mount(2) and umount2(2).
import { errnoNumber, errnoOf, SyscallError } from './errno.ts';
import { libc } from './libc.ts';
import { cString, displayName, lastError, type Name, nameAddress } from './scratch.ts';

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;

export interface MountOptions {
  readonly source: Name;
  readonly target: Name;
  readonly type: string;
  readonly flags?: number;
  /** Options of the filesystem, comma-separated, at most 4095 bytes; longer ones give E2BIG. */
  readonly data?: string;
}

// The kernel silently truncates options to a page, and a truncated overlay option names a path that does not exist.
const dataLimit = 4095;

/** Mounts a filesystem, mount(2). */
export function mount({ source, target, type, flags = 0, data = '' }: MountOptions): void {
  if (Buffer.byteLength(data) > dataLimit) {
    throw new SyscallError({ syscall: 'mount', errno: errnoNumber('E2BIG'), path: displayName(target) });
  }
  const result = libc().mount(cString(source), cString(target), cString(type), flags, cString(data));
  if (result < 0) throw lastError('mount', target);
}

/** Changes the propagation of the mount at `target`, such as MS_PRIVATE; with MS_REC, also of all mounts below it. */
export function setPropagation(target: Name, flags: number): void {
  if (libc().mount(null, nameAddress(target), null, flags, null) < 0) throw lastError('mount', target);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

export interface UnmountOptions {
  /** Detaches the mount at once and releases it when it is no longer in use. Without it, a mount in use gives EBUSY. */
  readonly lazy?: boolean;
}

/** Unmounts, umount2(2); a symlink is not followed. EINVAL when nothing is mounted there. */
export function unmount(target: Name, { lazy = false }: UnmountOptions = {}): void {
  const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);
  if (libc().umount2(nameAddress(target), flags) < 0) throw lastError('umount2', target);
}

/** Unmounts like {@link unmount}; does nothing when there is no mount, or no such path. */
export function unmountIfMounted(target: Name, options: UnmountOptions = {}): void {
  try {
    unmount(target, options);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'EINVAL' && errno !== 'ENOENT') throw error;
  }
}
