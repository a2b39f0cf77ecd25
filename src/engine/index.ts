export type { HostDevice, HostMount, HostOptions, HostUlimit } from '../containers/host-options.ts';
export type { Checked, Damage } from '../images/check/types.ts';
export type { LayerNode } from '../images/layer-tree.ts';
export type { CachedStep } from './build-cache-usage.ts';
export type { BuildEvent, BuildRequest, BuildResult, DockerfileText, PullPolicy } from './build-types.ts';
export type { CheckResult } from './check-store.ts';
export type { CommitEvent, CommitRequest, CommitResult } from './commit-types.ts';
export type { AttachedContainer } from './containers/attach.ts';
export type { CreatedContainer, CreateRequest } from './containers/create-types.ts';
export type { ExecOptions } from './containers/exec.ts';
export type { ContainerSummary, ListContainersOptions } from './containers/list.ts';
export type { ProcessTable, TopOptions } from './containers/top.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { ExportEvent, ExportRequest, ExportResult } from './export-types.ts';
export type {
  ImageDetails,
  ImageHistory,
  ImageLookUpOptions,
  ImageStorage,
  ImageSummary,
  ImageTree,
  SharingImage,
} from './image-views.ts';
export type { ImportEvent, ImportRequest, ImportResult } from './import-types.ts';
export type { LoadEvent, LoadRequest, LoadResult } from './load-types.ts';
export { Operation } from './operation.ts';
export type { PruneBuildCacheRequest, PrunedBuildCache } from './prune-build-cache.ts';
export type { PruneContainersRequest, PrunedContainers } from './prune-containers.ts';
export type { PruneImagesRequest, RemovedImages, RemoveImageRequest } from './remove-images.ts';
export type { RunEvent, RunRequest, RunResult } from './run-types.ts';
export type { SaveEvent, SaveRequest, SaveResult } from './save-types.ts';
export type { SystemInfo } from './system-info.ts';
export type { ContainerUsage, DiskUsage, UsageRow } from './usage-types.ts';
export { describeVersions, type Versions } from './versions.ts';
