import type { StorageDriver } from '../../storage-driver.ts';

export const vfs: StorageDriver = {
  name: 'vfs',
  drawback: 'copies each layer whole',
  isLikely: () => true,
  probe: async (place) => {
    const { probeCopies } = await import('./probe-copies.ts');
    return probeCopies(place);
  },
  open: async (options) => {
    const { VfsSnapshotter } = await import('./driver.ts');
    return new VfsSnapshotter(options);
  },
};
