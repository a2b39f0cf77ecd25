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
export { readConfig, readDocument } from './read-image.ts';
