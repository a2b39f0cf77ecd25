// The entry of vfs in the table of drivers: `strata --storage-driver vfs info` selects it. Everything beyond the name loads when
// the driver is probed or opened.
import type { StorageDriver } from '../../storage-driver.ts';

/** The driver for any filesystem: each snapshot is a complete copy of its parent. */
export const vfs: StorageDriver = {
  name: 'vfs',
  drawback: 'copies each layer whole',
  isLikely: () => true,
  probe: async (environment) => {
    const { probeCopies } = await import('./probe-copies.ts');
    return probeCopies(environment);
  },
  open: async (options) => {
    const { VfsSnapshotter } = await import('./vfs-snapshotter.ts');
    return new VfsSnapshotter(options);
  },
};
