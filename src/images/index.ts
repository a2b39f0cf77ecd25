/**
 * Images as values: look into one, make another from it, and store the result with `engine.images.store`.
 *
 * ```ts
 * import { Engine } from 'strata-oci';
 * import { appendLayer, changeConfig, layerOfFiles } from 'strata-oci/images';
 *
 * await using engine = await Engine.open();
 * await using base = await engine.images.open('busybox');
 * const layer = await layerOfFiles([{ kind: 'file', path: 'app', content: { from: 'dist/app' }, mode: 0o755 }]);
 * const app = await changeConfig(await appendLayer(base, layer), (config) => ({
 *   ...config,
 *   config: { ...config.config, Entrypoint: ['/app'] },
 * }));
 * const { id } = await engine.images.store(app, { tags: ['app'] }).result;
 * ```
 */

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
