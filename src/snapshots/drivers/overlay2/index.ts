import { readFileSync } from 'node:fs';
import type { StorageDriver } from '../../storage-driver.ts';

export const overlay2: StorageDriver = {
  name: 'overlay2',
  isLikely: () => {
    try {
      return /\boverlay$/m.test(readFileSync('/proc/filesystems', 'latin1'));
    } catch {
      return true;
    }
  },
  probe: async (place) => {
    const { probeOverlay } = await import('./probe-overlay.ts');
    return probeOverlay(place);
  },
  open: async (options) => {
    const { Overlay2Snapshotter } = await import('./driver.ts');
    return new Overlay2Snapshotter(options);
  },
};
