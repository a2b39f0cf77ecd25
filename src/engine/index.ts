export type { BuildEvent, BuildRequest, BuildResult } from './build-types.ts';
export { Engine, type EngineOptions } from './engine.ts';
export type { ImageDetails, ImageHistory, ImageSummary } from './image-views.ts';
export type { LoadEvent, LoadRequest, LoadResult } from './load-types.ts';
export { Operation } from './operation.ts';
export type { PruneImagesRequest, RemovedImages, RemoveImageRequest } from './remove-images.ts';
export type { RunEvent, RunRequest, RunResult } from './run-types.ts';
export type { SystemInfo } from './system-info.ts';
export { describeVersions, type Versions } from './versions.ts';
