import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { StorageDriver } from '../../../src/snapshots/index.ts';
import { Ext4Snapshotter } from './driver.ts';

export const ext4: StorageDriver = {
  name: 'ext4',
  drawback: 'copies each layer whole',
  options: {
    'ext4.megabytes': (value) => (/^[1-9]\d{0,3}$/.test(value) ? undefined : 'not a number of megabytes'),
  },
  isLikely: () => existsSync('/dev/loop-control'),
  probe: async () => {
    const missing = ['losetup', 'mkfs.ext4'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
    const problem = missing.length > 0 ? `${missing.join(' and ')} not installed` : undefined;
    return { works: problem === undefined, reason: problem ?? 'loop devices work', warnings: [] };
  },
  open: async (options) => new Ext4Snapshotter(options),
};
