import type { OpenedSnapshotter } from './storage-driver.ts';
import type { LayerDirectories } from './types.ts';

/**
 * Returns the directories of a driver that keeps changes separately, in the form of overlayfs; undefined for any other.
 */
export function ownDirectories(
  snapshotter: Pick<OpenedSnapshotter, 'capabilities'> & Partial<LayerDirectories>,
): LayerDirectories | undefined {
  const { nativeDiff, whiteouts } = snapshotter.capabilities;
  return nativeDiff && whiteouts === 'overlay' && hasDirectories(snapshotter) ? snapshotter : undefined;
}

const hasDirectories = (snapshotter: Partial<LayerDirectories>): snapshotter is LayerDirectories =>
  snapshotter.ownDirectory !== undefined && snapshotter.lowerDirectories !== undefined;
