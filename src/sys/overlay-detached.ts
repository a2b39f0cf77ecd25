import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, O_DIRECTORY, O_PATH } from './constants.ts';
import { openAt } from './fs-at.ts';
import { unmount } from './mount.ts';
import { overlayByDescriptors } from './overlay-by-descriptors.ts';
import type { OverlayMount } from './overlay-options.ts';

/**
 * An overlay held by nothing but a descriptor, for kernels that make none out of sight (before Linux 6.8): attached at a
 * folder of its own, opened, and taken out of sight again at once. From then on it goes with the descriptor, as a mount
 * that was never attached; but `attachMount` does not take it.
 */
export function overlayHeldByDescriptor(spec: OverlayMount): number {
  const target = mkdtempSync(join(tmpdir(), 'strata-mount-'));
  try {
    overlayByDescriptors(spec, target);
    try {
      return openAt(AT_FDCWD, target, O_PATH | O_DIRECTORY);
    } finally {
      unmount(target, { lazy: true });
    }
  } finally {
    rmdirSync(target);
  }
}
