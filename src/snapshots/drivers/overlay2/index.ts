import { readFileSync } from 'node:fs';
import { probeDirectories } from '../../probe-directories.ts';
import type { StorageDriver } from '../../storage-driver.ts';
import { Overlay2Snapshotter } from './driver.ts';
import { probeOverlay } from './probe-overlay.ts';

export const overlay2: StorageDriver = {
  name: 'overlay2',
  isLikely: () => {
    try {
      return /\boverlay$/m.test(readFileSync('/proc/filesystems', 'latin1'));
    } catch {
      return true;
    }
  },
  probe: (place) => {
    const { problem, warnings } = probeDirectories(place);
    const failure = problem ?? probeOverlay(place);
    return { works: failure === undefined, reason: failure ?? `works on ${place.name}`, warnings };
  },
  open: (options) => new Overlay2Snapshotter(options),
};
