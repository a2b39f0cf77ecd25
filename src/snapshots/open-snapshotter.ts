import type { DriverName } from './choose-driver.ts';
import type { DirectorySnapshotterOptions } from './directory-snapshotter.ts';
import { Overlay2Snapshotter } from './drivers/overlay2/driver.ts';
import { VfsSnapshotter } from './drivers/vfs/driver.ts';
import type { LayerDirectories, SnapshotCleaner, Snapshotter } from './types.ts';

export interface OpenSnapshotterOptions extends DirectorySnapshotterOptions {
  /** As `chooseDriver` picked it. */
  readonly driver: DriverName;
  /** In a user namespace that maps root to somebody else. */
  readonly rootless?: boolean | undefined;
}

/** A snapshotter over a store's root. Own directories are there with `capabilities.parallelApply`. */
export type OpenedSnapshotter = Snapshotter & SnapshotCleaner & Partial<LayerDirectories>;

/** Opens a driver; its folders under the root are made with the first snapshot. */
export function openSnapshotter({ driver, ...options }: OpenSnapshotterOptions): OpenedSnapshotter {
  switch (driver) {
    case 'overlay2':
      return new Overlay2Snapshotter(options);
    case 'vfs':
      return new VfsSnapshotter(options);
  }
}
