// The mount calls every kernel has, mount(2) and umount2(2).
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
  /** Options of the filesystem, comma-separated. The kernel takes a page: what is longer is refused here with E2BIG. */
  readonly data?: string;
}

// The kernel cuts at a page, silently: a cut overlay option is a path that does not exist.
const dataLimit = 4095;

/** mount(2). */
export function mount({ source, target, type, flags = 0, data = '' }: MountOptions): void {
  if (Buffer.byteLength(data) > dataLimit) {
    throw new SyscallError({ syscall: 'mount', errno: errnoNumber('E2BIG'), path: displayName(target) });
  }
  const result = libc().mount(cString(source), cString(target), cString(type), flags, cString(data));
  if (result < 0) throw lastError('mount', target);
}

/** Changes how mounts below `target` are shared with other namespaces: MS_PRIVATE, with MS_REC for all. */
export function setPropagation(target: Name, flags: number): void {
  if (libc().mount(null, nameAddress(target), null, flags, null) < 0) throw lastError('mount', target);
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

export interface UnmountOptions {
  /** Takes the mount out of sight at once and lets go of it when nobody uses it any more; else EBUSY while in use. */
  readonly lazy?: boolean;
}

/** umount2(2); a symlink is not followed. EINVAL when nothing is mounted there. */
export function unmount(target: Name, { lazy = false }: UnmountOptions = {}): void {
  const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);
  if (libc().umount2(nameAddress(target), flags) < 0) throw lastError('umount2', target);
}

/** {@link unmount} for which nothing mounted there, or nothing there, is fine. */
export function unmountIfMounted(target: Name, options: UnmountOptions = {}): void {
  try {
    unmount(target, options);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'EINVAL' && errno !== 'ENOENT') throw error;
  }
}
