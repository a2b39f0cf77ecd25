export {
  type ChooseDriverOptions,
  chooseDriver,
  type DriverChoice,
  type DriverFinding,
  type DriverName,
  driverInUse,
} from './choose-driver.ts';
export { type OpenedSnapshotter, type OpenSnapshotterOptions, openSnapshotter } from './open-snapshotter.ts';
export type {
  CleanupReport,
  CommitOptions,
  LayerDirectories,
  Mount,
  PersistOptions,
  PrepareOptions,
  RemoveOptions,
  SnapshotCleaner,
  SnapshotInfo,
  Snapshotter,
  SnapshotterCapabilities,
  SnapshotUsage,
} from './types.ts';
