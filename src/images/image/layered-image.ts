import type { LayerChange } from '../../layer/merged/list-layer-changes.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Digest } from '../../spec/digest.ts';
import type { Manifest } from '../../spec/manifest.ts';
import type {
  ContentOptions,
  Document,
  FileOptions,
  Image,
  Layer,
  ListFilesOptions,
  ReadFileOptions,
  TarOptions,
} from './image.ts';

const loadInside = (): Promise<typeof import('./image-files.ts')> => import('./image-files.ts');

/**
 * An image made of documents and layers. A subclass returns these four members; the files follow from the layers.
 *
 * ```ts
 * class SameImage extends LayeredImage {
 *   readonly id = base.id;
 *   async config() { return await base.config(); }
 *   async manifest() { return await base.manifest(); }
 *   async layers() { return await base.layers(); }
 * }
 * ```
 */
export abstract class LayeredImage implements Image {
  abstract readonly id: Digest;
  abstract config(options?: AbortOptions): Promise<Document<ImageConfig>>;
  abstract manifest(options?: AbortOptions): Promise<Document<Manifest>>;
  abstract layers(options?: AbortOptions): Promise<readonly Layer[]>;

  async *files(options: ListFilesOptions = {}): AsyncGenerator<MergedFile, void> {
    const { listFiles } = await loadInside();
    yield* listFiles(await this.layers(options), options);
  }

  async file(path: string | Uint8Array, options: FileOptions = {}): Promise<MergedFile> {
    const { findFile } = await loadInside();
    return await findFile(await this.layers(options), path, options);
  }

  async *content(file: MergedFile, options: ContentOptions = {}): AsyncGenerator<Uint8Array, void> {
    const { readContent } = await loadInside();
    yield* readContent(await this.layers(options), file, options);
  }

  async readFile(path: string | Uint8Array, options: ReadFileOptions = {}): Promise<Uint8Array> {
    const { readFile } = await loadInside();
    return await readFile(await this.layers(options), path, options);
  }

  async *tar(options: TarOptions = {}): AsyncGenerator<Uint8Array, void> {
    const { archiveFiles } = await loadInside();
    yield* archiveFiles(await this.layers(options), options);
  }

  async *changes(layer: number, options: AbortOptions = {}): AsyncGenerator<LayerChange, void> {
    const { listChanges } = await loadInside();
    yield* listChanges(await this.layers(options), layer, options);
  }
}
