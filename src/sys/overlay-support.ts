import { release } from 'node:os';
import { errnoOf } from './errno.ts';
import { FilesystemContext } from './mount-fd.ts';

/** Abilities of this kernel's overlayfs. */
export interface OverlaySupport {
  /** True when the kernel has overlayfs and this process may mount it. */
  readonly available: boolean;
  /** Lower directories one by one, `lowerdir+`: Linux 6.8. */
  readonly lowerDirPlus: boolean;
  /** Mounts without flushes: Linux 5.10. */
  readonly volatile: boolean;
  /** Attributes `user.overlay.*`, for mounts without privileges: Linux 5.11. */
  readonly userXattr: boolean;
}

const none: OverlaySupport = { available: false, lowerDirPlus: false, volatile: false, userXattr: false };
let known: OverlaySupport | undefined;

/** Returns the abilities, probed once per thread by setting options; nothing is mounted. */
export function overlaySupport(): OverlaySupport {
  known ??= probe();
  return known;
}

function probe(): OverlaySupport {
  try {
    using context = new FilesystemContext('overlay');
    // Before 6.5 overlayfs accepted any option, and checked them only when mounting.
    if (accepts(() => context.setFlag('strata_unknown_option'))) {
      return { available: true, lowerDirPlus: false, volatile: isSince(5, 10), userXattr: isSince(5, 11) };
    }
    return {
      available: true,
      lowerDirPlus: accepts(() => context.set('lowerdir+', '/')),
      volatile: accepts(() => context.setFlag('volatile')),
      userXattr: accepts(() => context.setFlag('userxattr')),
    };
  } catch (error) {
    if (['ENODEV', 'EPERM', 'ENOSYS'].includes(errnoOf(error) ?? '')) return none;
    throw error;
  }
}

function accepts(option: () => void): boolean {
  try {
    option();
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return false;
    throw error;
  }
}

function isSince(major: number, minor: number): boolean {
  const [ourMajor = 0, ourMinor = 0] = release().split('.').map(Number);
  return ourMajor > major || (ourMajor === major && ourMinor >= minor);
}
