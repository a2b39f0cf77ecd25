export type { AbortOptions } from '../lib/abort.ts';
export type { StoredDocument } from './assemble-image.ts';
export { type AssembledImage, assembleImage, type TarLayer } from './assemble-image.ts';
export { type HistoryStep, historyOf } from './history.ts';
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
} from './image/image.ts';
export { LayeredImage } from './image/layered-image.ts';
export { tarContent, tarEntries } from './image/tar-entries.ts';
export { annotateImage } from './mutate/annotate-image.ts';
export { appendLayer } from './mutate/append-layer.ts';
export { changeConfig } from './mutate/change-config.ts';
export { flattenImage } from './mutate/flatten-image.ts';
export { layerOfFiles, type NewFile, type NewFileFields } from './mutate/layer-of-files.ts';
export { layerOfTar, type TarSource } from './mutate/layer-of-tar.ts';
export { type RebaseOptions, rebaseImage } from './mutate/rebase-image.ts';
export { retimeImage } from './mutate/retime-image.ts';
export { readConfig, readDocument } from './read-document.ts';
