import { bindDetached, bindMount } from './bind-mount.ts';
import { closeFd } from './fs-at.ts';
import { MOUNT_ATTR_NODEV, setMountAttributes } from './mount-fd.ts';
import { mountOverlay, mountOverlayDetached } from './overlay-mount.ts';
import type { OverlayMount } from './overlay-options.ts';

/** One mount as a storage driver describes it: data only. */
export interface MountSpec {
  readonly type: 'bind' | 'overlay';
  /** Absolute directory for `bind`; empty for `overlay`. */
  readonly source: string;
  readonly readOnly: boolean;
  readonly overlay?: OverlayMount | undefined;
}

/** Mounts what is described at `target`, an absolute directory; see {@link mountOverlay}. */
export function mountAt(spec: MountSpec, target: string): void {
  if (spec.overlay) mountOverlay({ ...spec.overlay, readOnly: spec.readOnly }, target);
  else bindMount(spec.source, target, { readOnly: spec.readOnly });
}

/**
 * Mounts what is described out of sight, for ourselves to look into; see {@link mountOverlayDetached}. No device opens
 * there (EACCES): a container that puts one in the place of a file while that is read, such as a watchdog, would have it
 * opened by root. The descriptor is the caller's.
 */
export function mountDetached(spec: MountSpec): number {
  const fd = spec.overlay
    ? mountOverlayDetached({ ...spec.overlay, readOnly: spec.readOnly })
    : bindDetached(spec.source, { readOnly: spec.readOnly });
  try {
    setMountAttributes(fd, { set: MOUNT_ATTR_NODEV });
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  return fd;
}
