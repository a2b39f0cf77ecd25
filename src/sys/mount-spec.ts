import { bindDetached, bindMount } from './bind-mount.ts';
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

/** Mounts what is described out of sight; see {@link mountOverlayDetached}. The descriptor is the caller's. */
export function mountDetached(spec: MountSpec): number {
  if (spec.overlay) return mountOverlayDetached({ ...spec.overlay, readOnly: spec.readOnly });
  return bindDetached(spec.source, { readOnly: spec.readOnly });
}
