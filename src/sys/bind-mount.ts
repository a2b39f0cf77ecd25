import { AT_FDCWD } from './constants.ts';
import { closeFd } from './fs-at.ts';
import { attachMount, cloneMount, MOUNT_ATTR_RDONLY, setMountAttributes } from './mount-fd.ts';
import type { Name } from './scratch.ts';

export interface BindOptions {
  readonly readOnly?: boolean | undefined;
  /** Includes the mounts below the source; they become read-only too, unless {@link isWritableBelow}. */
  readonly recursive?: boolean | undefined;
  readonly isWritableBelow?: boolean | undefined;
}

/** Makes a detached bind mount of a directory or file; the caller closes the descriptor. Linux 5.12. */
export function bindDetached(source: Name, options: BindOptions = {}): number {
  const recursive = options.recursive === true;
  const fd = cloneMount(AT_FDCWD, source, { recursive });
  try {
    const isBelowToo = recursive && options.isWritableBelow !== true;
    if (options.readOnly === true) setMountAttributes(fd, { set: MOUNT_ATTR_RDONLY, recursive: isBelowToo });
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}

/** Makes a bind mount at `target`. A read-only mount is never writable there, not even for a moment. */
export function bindMount(source: Name, target: Name, options: BindOptions = {}): void {
  const fd = bindDetached(source, options);
  try {
    attachMount(fd, AT_FDCWD, target);
  } finally {
    closeFd(fd);
  }
}
