import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD } from './constants.ts';
import { unmount } from './mount.ts';
import { cloneMount } from './mount-fd.ts';
import { overlayByDescriptors } from './overlay-by-descriptors.ts';
import type { OverlayMount } from './overlay-options.ts';

/**
 * Makes a detached overlay on kernels without that ability (before Linux 6.8): mounts it at a temporary folder, clones the mount
 * and unmounts it again at once. The caller closes the descriptor.
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
