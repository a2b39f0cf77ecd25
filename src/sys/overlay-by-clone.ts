import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD } from './constants.ts';
import { unmount } from './mount.ts';
import { cloneMount } from './mount-fd.ts';
import { overlayByDescriptors } from './overlay-by-descriptors.ts';
import type { OverlayMount } from './overlay-options.ts';

/**
 * An overlay attached nowhere on kernels that make none out of sight (before Linux 6.8): mounted at a folder of its own,
 * cloned as a detached mount, and unmounted again at once. The descriptor is the mount, as of one never attached.
 */
export function overlayByClone(spec: OverlayMount): number {
  const target = mkdtempSync(join(tmpdir(), 'strata-mount-'));
  try {
    overlayByDescriptors(spec, target);
    try {
      return cloneMount(AT_FDCWD, target);
    } finally {
      unmount(target, { lazy: true });
    }
  } finally {
    rmdirSync(target);
  }
}
