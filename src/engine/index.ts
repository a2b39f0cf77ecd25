/**
 * The library `strata-oci`: builds, stores, ships and runs container images on this machine, without a daemon. Open an
 * {@link Engine} on a store; its nouns are `images`, `containers`, `builder` and `system`.
 *
 * ```ts
 * import { Engine } from 'strata-oci';
 *
 * await using engine = await Engine.open({ root: '/var/lib/example' });
 * await engine.images.load({ input: 'busybox.tar' }).result;
 * await using run = engine.containers.run({ image: 'busybox', command: ['echo', 'hello'], remove: true });
 * for await (const event of run) if (event.type === 'output') process.stdout.write(event.chunk);
 * console.log((await run.result).exitCode);
 * ```
 *
 * @module
 */
export type { BuildEvent } from '../builder/build-parts.ts';
export type { BuildRequest, DockerfileText, PullPolicy } from '../builder/build-types.ts';
export type { CachedInput, CachedStep } from '../builder/cache/cache-entries.ts';
export type { PruneBuildCacheRequest, PrunedBuildCache } from '../builder/cache/prune-build-cache.ts';
export type { FilesystemResult } from '../builder/ops/filesystem-result.ts';
export type { StepPlace, WastedBytes } from '../builder/wasted-bytes.ts';
export type { ConfigurationOptions } from '../configuration/load-configuration.ts';
export type { SettingOrigin, ShownSetting } from '../configuration/resolve-configuration.ts';
export type { RuntimeDefinition, RuntimeDefinitions } from '../configuration/runtime-definitions.ts';
export type { Configuration } from '../configuration/settings.ts';
export type { Attachment, TerminalSize } from '../containers/attach/attachment.ts';
export type { OutputChunk } from '../containers/attach/output-chunk.ts';
export type { ExecRequest } from '../containers/exec/process.ts';
export type { HostBindOptions, HostDevice, HostMount, HostOptions, HostUlimit } from '../containers/host-options.ts';
export type { RuntimeInfo, RuntimeWeakness } from '../containers/runtime/runtime.ts';
export type { ContainerStatus } from '../containers/state.ts';
export type { LogConfig } from '../containers/supervised/log-config.ts';
export type { LogEntry } from '../containers/supervised/read-log.ts';
export type { TransferOrigin } from '../content/types.ts';
export type { Checked, Damage, Unchecked } from '../images/check/types.ts';
export type {
  ContentOptions,
  Document,
  FileOptions,
  Image,
  Layer,
  ListFilesOptions,
  LookInsideOptions,
  ReadFileOptions,
  ReadOptions,
  TableOptions,
  TarOptions,
} from '../images/image/image.ts';
export type { LayerNode } from '../images/layer-tree.ts';
export type { ArchiveInput, ArchiveRead } from '../images/load/archive-input.ts';
export type { LoadImagesEvent } from '../images/load/load-images.ts';
export type { LoadEvent, LoadRequest, LoadResult } from '../images/load/load-types.ts';
export type { RecordedImage } from '../images/record-image.ts';
export type { WriteBytes } from '../images/save/archive-writer.ts';
export type { SaveRequest, SaveResult } from '../images/save/save-types.ts';
export type { ArchiveFormat, SaveEvent } from '../images/save/write-archive.ts';
export type { ImageSharing } from '../images/shared-sizes.ts';
export type { StoreImageOptions } from '../images/store-image.ts';
export type { TaggedImage } from '../images/tag-image.ts';
export type { LayerEntry, LayerEntryKind } from '../layer/merged/layer-entry.ts';
export type { LayerTable } from '../layer/merged/layer-table.ts';
export type { LayerChange } from '../layer/merged/list-layer-changes.ts';
export type { EntryPosition, MergedFile, MergedFileKind } from '../layer/merged/merged-file.ts';
export type { Lease, SnapshotKind, SnapshotLedger, SnapshotRecord } from '../ledger/types.ts';
export type { AbortOptions } from '../lib/abort.ts';
export type { Reporter } from '../lib/work-control.ts';
export type { EventType } from '../metadata/events.ts';
export type { ObjectKind, ObjectRef } from '../metadata/objects.ts';
export type { TransferRecord } from '../metadata/transfers.ts';
export { allCapabilities } from '../oci-runtime/capabilities.ts';
export { type NetworkMode, type NetworkProperties, networkProperties } from '../oci-runtime/network-mode.ts';
export { allDrivers } from '../snapshots/drivers/all.ts';
export type {
  DriverProbe,
  DriverTable,
  OpenDriverOptions,
  OpenedSnapshotter,
  StorageDriver,
} from '../snapshots/storage-driver.ts';
export type { UnfinishedTransfer } from '../store/garbage/transfers.ts';
export type { StoreLayout } from '../store/layout.ts';
export type { CgroupVersion, KernelFeatures } from '../sys/features.ts';
export type { OverlaySupport } from '../sys/overlay-support.ts';
export { DetachFilter, defaultDetachKeys, parseDetachKeys } from '../terminal/detach-keys.ts';
export type { AttachedStream, CreatedContainer, CreateRequest } from './containers/create/create-types.ts';
export type { ContainerSize } from './containers/files/size.ts';
export type { AttachedContainer, StartAttachedOptions } from './containers/verbs/attach.ts';
export type { CopyFromRequest, CopyToRequest } from './containers/verbs/copy.ts';
export type { AttachedExec, Exec, ExecOptions } from './containers/verbs/exec.ts';
export type { ExportEvent, ExportRequest, ExportResult } from './containers/verbs/export-types.ts';
export type { KillOptions } from './containers/verbs/kill.ts';
export type { ContainerSummary, ListContainersOptions } from './containers/verbs/list.ts';
export type { LogsOptions } from './containers/verbs/logs.ts';
export type { PruneContainersRequest, PrunedContainers } from './containers/verbs/prune.ts';
export type { RemoveContainerOptions } from './containers/verbs/remove.ts';
export type { RunEvent, RunRequest, RunResult } from './containers/verbs/run-types.ts';
export type { StopOptions } from './containers/verbs/stop.ts';
export type { ProcessTable, TopOptions } from './containers/verbs/top.ts';
export type { InspectContainerOptions } from './docker/container-document.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { EventsOptions, StoreEvent } from './events/follow.ts';
export type { CommitEvent, CommitRequest } from './images/commit-types.ts';
export type { CopyFromImageRequest } from './images/copy-from-image.ts';
export type {
  ImageDetails,
  ImageHistory,
  ImageLookUpOptions,
  ImageStorage,
  ImageSummary,
  ImageTree,
  ListImagesOptions,
  SharingImage,
} from './images/image-types.ts';
export type { ImportEvent, ImportRequest } from './images/import-types.ts';
export type { OpenImage } from './images/open-image.ts';
export type { PruneImagesRequest, RemovedImages, RemoveImageOptions } from './images/remove.ts';
export type { BuilderVerbs } from './nouns/builder-verbs.ts';
export type { ContainerVerbs } from './nouns/container-verbs.ts';
export type { ImageVerbs } from './nouns/image-verbs.ts';
export type { SystemVerbs } from './nouns/system-verbs.ts';
export { Operation } from './operation.ts';
export { type NamesInStore, namesInStore, type StorePlace } from './store-names.ts';
export type { CheckResult } from './system/check-store.ts';
export type { CollectedStore } from './system/collect-store.ts';
export type { HostFacts } from './system/host-facts.ts';
export type { PrunedTransfers, PruneTransfersRequest } from './system/prune-transfers.ts';
export type { ContainerCounts, ShownConfiguration, SystemInfo } from './system/system-info.ts';
export type { ContainerUsage, DiskUsage, UsageRow } from './system/usage-types.ts';
export { describeVersions, type Versions } from './versions.ts';
