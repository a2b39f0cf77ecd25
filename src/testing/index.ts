export { type SnapshotterSuiteOptions, snapshotterSuite } from './suites/snapshotter.ts';
export type { MountedTree, MountTree, SnapshotterSubject } from './suites/snapshotter-bench.ts';
