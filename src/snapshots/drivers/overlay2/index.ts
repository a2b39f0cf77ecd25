// The entry of overlay2 in the table of drivers: `strata --storage-driver overlay2 info` selects it. Everything beyond the name
// loads when the driver is probed or opened.
import { readFileSync } from 'node:fs';
import type { StorageDriver } from '../../storage-driver.ts';

/** The preferred driver: each snapshot is a layer of the kernel's overlayfs. */
export const overlay2: StorageDriver = {
  name: 'overlay2',
  isLikely: () => {
    try {
      return /\boverlay$/m.test(readFileSync('/proc/filesystems', 'latin1'));
    } catch {
      return true;
    }
  },
  probe: async (environment) => {
    const { probeOverlay } = await import('./probe-overlay.ts');
    return probeOverlay(environment);
  },
  open: async (options) => {
    const { Overlay2Snapshotter } = await import('./overlay2-snapshotter.ts');
    return new Overlay2Snapshotter(options);
  },
};
