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
