import { utf8 } from '../../lib/bytes.ts';
import { familiarName, familiarString, formatReference, type Reference } from '../../reference/index.ts';
import { annotationKeys } from '../../spec/annotation-keys.ts';
import type { ImageConfig } from '../../spec/config.ts';
import { type DiffId, digestHex } from '../../spec/digest.ts';
import { archiveManifestName, archiveRepositoriesName, formatArchiveManifest } from '../../spec/docker-archive.ts';
import { formatDocument, type Manifest } from '../../spec/manifest.ts';
import { mediaTypes } from '../../spec/media-types.ts';
import { layoutBlobPath, layoutFile, layoutFileName, layoutIndexName } from '../../spec/oci-layout.ts';
import type { Document, Image, Layer, ReadOptions } from '../image/image.ts';
import { walk } from '../walk.ts';
import { ArchiveWriter, type WriteBytes } from './archive-writer.ts';

/**
 * `docker-archive` is docker's form and an OCI layout at once; `oci-archive` keeps each manifest and blob unchanged.
 */
export type ArchiveFormat = 'docker-archive' | 'oci-archive';

/** Bytes of a layer written so far, of `total` in this archive. */
export interface SaveEvent {
  readonly type: 'layer';
  readonly diffId: DiffId;
  readonly state: 'saving' | 'done';
  readonly offset: number;
  readonly total: number;
}

export interface WriteArchiveOptions extends ReadOptions {
  readonly format: ArchiveFormat;
  readonly write: WriteBytes;
  readonly report: (event: SaveEvent) => void;
}

/** An image to write, and its names in the archive. */
export interface ImageToWrite {
  readonly image: Image;
  readonly references: readonly Reference[];
}

/** {@link ImageToWrite} with its documents read. */
interface OpenedImage extends Pick<ImageToWrite, 'references'> {
  readonly config: Document<ImageConfig>;
  readonly manifest: Document<Manifest>;
  readonly layers: readonly Layer[];
}

interface ArchiveBlob {
  readonly sizeBytes: number;
  readonly content: () => AsyncIterable<Uint8Array>;
}

/**
 * Writes a whole archive. After a rejection the bytes written so far are useless. Throws what the images' layers throw.
 */
export async function writeArchive(images: readonly ImageToWrite[], options: WriteArchiveOptions): Promise<void> {
  const opened: OpenedImage[] = [];
  for (const { image, references } of images) {
    const [config, manifest, layers] = [
      await image.config(options),
      await image.manifest(options),
      await image.layers(options),
    ];
    opened.push({ references, config, manifest, layers });
  }
  const files = new Map<string, ArchiveBlob>();
  for (const image of opened) await addBlobs(files, image, options);
  const addDocument = (name: string, bytes: Uint8Array): void => {
    files.set(name, { sizeBytes: bytes.length, content: () => once(bytes) });
  };
  addDocument(layoutFileName, layoutFile);
  addDocument(layoutIndexName, layoutIndex(opened));
  if (options.format === 'docker-archive') {
    addDocument(archiveManifestName, dockerManifest(opened));
    const repositories = dockerRepositories(opened);
    if (repositories !== undefined) addDocument(archiveRepositoriesName, repositories);
  }
  const writer = new ArchiveWriter(options.write);
  const algorithms = [...files.keys()].flatMap((name) => /^blobs\/[^/]+\//.exec(name)?.[0] ?? []);
  for (const name of ['blobs/', ...new Set(algorithms.sort())]) await writer.directory(name);
  for (const [name, { sizeBytes, content }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    options.signal?.throwIfAborted();
    await writer.file(name, sizeBytes, content());
  }
  await writer.end();
}

/** Adds everything that a manifest leads to, by path: a blob of several images is added once. */
async function addBlobs(
  files: Map<string, ArchiveBlob>,
  { config, manifest, layers }: OpenedImage,
  { report, signal, reuseBuffer }: Pick<WriteArchiveOptions, 'report' | 'signal' | 'reuseBuffer'>,
): Promise<void> {
  const byDigest = new Map(layers.map((layer) => [layer.descriptor.digest, layer]));
  for await (const { kind, descriptor } of walk(manifest.descriptor, { read: () => manifest.bytes })) {
    const { digest, size } = descriptor;
    const layer = kind === 'layer' ? byDigest.get(digest) : undefined;
    const { bytes } = kind === 'config' ? config : manifest;
    files.set(
      layoutBlobPath(digest),
      layer
        ? {
            sizeBytes: size,
            content: () => withProgress(layer.blob({ signal, reuseBuffer }), layer.diffId, size, report),
          }
        : { sizeBytes: bytes.length, content: () => once(bytes) },
    );
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const stepBytes = 4 << 20;

async function* withProgress(
  source: AsyncIterable<Uint8Array>,
  diffId: DiffId,
  total: number,
  report: (event: SaveEvent) => void,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let reported = 0;
  for await (const chunk of source) {
    yield chunk;
    offset += chunk.length;
    if (offset - reported < stepBytes) continue;
    reported = offset;
    report({ type: 'layer', diffId, state: 'saving', offset, total });
  }
  report({ type: 'layer', diffId, state: 'done', offset, total });
}

/**
 * Returns an index with one entry for each name; containerd's annotation has the whole name, the specification's the
 * tag.
 */
function layoutIndex(images: readonly OpenedImage[]): Uint8Array {
  const manifests = images.flatMap(({ manifest: { descriptor }, references }) => {
    if (references.length === 0) return [descriptor];
    return references.map((reference) => ({
      ...descriptor,
      annotations: {
        [annotationKeys.containerdImageName]: formatReference(reference),
        [annotationKeys.refName]: reference.tag ?? '',
      },
    }));
  });
  return formatDocument({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
}

const dockerManifest = (images: readonly OpenedImage[]): Uint8Array =>
  formatArchiveManifest(
    images.map(({ config, layers, references }) => ({
      config: layoutBlobPath(config.descriptor.digest),
      layers: layers.map(({ descriptor }) => layoutBlobPath(descriptor.digest)),
      repoTags: references.map(familiarString),
    })),
  );

/** Returns the file for docker before 1.10: each tag with the topmost layer. Undefined without tags. */
function dockerRepositories(images: readonly OpenedImage[]): Uint8Array | undefined {
  // No plain objects: a repository may be called `constructor`, a tag `__proto__`.
  const repositories = new Map<string, Map<string, string>>();
  for (const { layers, references } of images) {
    const top = layers.at(-1);
    if (top === undefined) continue;
    for (const reference of references) {
      const name = familiarName(reference);
      const tags = repositories.get(name) ?? new Map<string, string>();
      repositories.set(name, tags.set(reference.tag ?? '', digestHex(top.diffId)));
    }
  }
  if (repositories.size === 0) return undefined;
  return utf8(
    JSON.stringify(Object.fromEntries([...repositories].map(([name, tags]) => [name, Object.fromEntries(tags)]))),
  );
}
