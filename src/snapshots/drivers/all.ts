import type { DriverTable } from '../storage-driver.ts';
import { overlay2 } from './overlay2/index.ts';
import { vfs } from './vfs/index.ts';

/** All storage drivers of Strata, the preferred one first. */
export const allDrivers: DriverTable = {
  drivers: [overlay2, vfs],
  later: ['btrfs', 'zfs', 'devicemapper', 'aufs', 'fuse-overlayfs'],
};
