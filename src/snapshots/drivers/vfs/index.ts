import { probeDirectories } from '../../probe-directories.ts';
import type { StorageDriver } from '../../storage-driver.ts';
import { VfsSnapshotter } from './driver.ts';

export const vfs: StorageDriver = {
  name: 'vfs',
  drawback: 'copies each layer whole',
  isLikely: () => true,
  probe: (place) => {
    const { problem, warnings } = probeDirectories(place);
    const { filesystem } = place;
    // A bind mount keeps the flag, an overlay does not.
    const noexec =
      filesystem?.options.has('noexec') === true
        ? [`programs in containers cannot start: ${filesystem.mountPoint} is mounted noexec`]
        : [];
    return { works: problem === undefined, reason: problem ?? 'works everywhere', warnings: [...warnings, ...noexec] };
  },
  open: (options) => new VfsSnapshotter(options),
};
