export type { ConfigurationOptions } from '../configuration/load-configuration.ts';
export type { SettingOrigin, ShownSetting } from '../configuration/resolve-configuration.ts';
export type { Configuration } from '../configuration/settings.ts';
export type { HostBindOptions, HostDevice, HostMount, HostOptions, HostUlimit } from '../containers/host-options.ts';
export type { LogConfig } from '../containers/supervised/log-config.ts';
export type { LogEntry } from '../containers/supervised/log-file.ts';
export type { Checked, Damage } from '../images/check/types.ts';
export type { LayerNode } from '../images/layer-tree.ts';
export type { LoadEvent, LoadRequest, LoadResult } from '../images/load/load-types.ts';
export type { SaveEvent, SaveRequest, SaveResult } from '../images/save/save-types.ts';
export { allDrivers } from '../snapshots/drivers/all.ts';
export type {
  DriverProbe,
  DriverTable,
  OpenDriverOptions,
  OpenedSnapshotter,
  StorageDriver,
} from '../snapshots/storage-driver.ts';
export type { CachedStep } from './builder/cache-usage.ts';
export type { PruneBuildCacheRequest, PrunedBuildCache } from './builder/prune-cache.ts';
export type { BuildEvent, BuildRequest, BuildResult, DockerfileText, PullPolicy } from './builder/types.ts';
export type { AttachedStream, CreatedContainer, CreateRequest } from './containers/create/create-types.ts';
export type { AttachedContainer } from './containers/verbs/attach.ts';
export type { ExecOptions } from './containers/verbs/exec.ts';
export type { ExportEvent, ExportRequest, ExportResult } from './containers/verbs/export-types.ts';
export type { ContainerSummary, ListContainersOptions } from './containers/verbs/list.ts';
export type { PruneContainersRequest, PrunedContainers } from './containers/verbs/prune.ts';
export type { RunEvent, RunRequest, RunResult } from './containers/verbs/run-types.ts';
export type { ProcessTable, TopOptions } from './containers/verbs/top.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { CommitEvent, CommitRequest, CommitResult } from './images/commit-types.ts';
export type { ImportEvent, ImportRequest, ImportResult } from './images/import-types.ts';
export type { PruneImagesRequest, RemovedImages, RemoveImageRequest } from './images/remove.ts';
export type {
  ImageDetails,
  ImageHistory,
  ImageLookUpOptions,
  ImageStorage,
  ImageSummary,
  ImageTree,
  SharingImage,
} from './images/views.ts';
export { Operation } from './operation.ts';
export type { CheckResult } from './system/check-store.ts';
export type { HostFacts } from './system/host-facts.ts';
export type { ContainerCounts, ShownConfiguration, SystemInfo } from './system/system-info.ts';
export type { ContainerUsage, DiskUsage, UsageRow } from './system/usage-types.ts';
export { describeVersions, type Versions } from './versions.ts';
