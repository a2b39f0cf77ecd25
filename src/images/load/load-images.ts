import { TaskGroup } from '../../lib/task-group.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import type { LayerBlob } from '../../metadata/layers.ts';
import { familiarString, formatReference } from '../../reference/index.ts';
import { uniqueReferences } from '../../reference/unique-references.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import { type DiffId, type Digest, parseDigest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/media-types.ts';
import { formatPlatform, normalizePlatform } from '../../spec/platform.ts';
import type { UnpackedChain, UnpackedLayer } from '../../store/layers/types.ts';
import type { Store } from '../../store/store.ts';
import type { Work, WorkResult } from '../../store/work/types.ts';
import { documentOf, manifestOf, type StoredDocument, tarDescriptor } from '../assemble-image.ts';
import { addImageEvent } from '../image-event.ts';
import { type ImageRows, putImageRows, type RecordedImage, storeDocument } from '../record-image.ts';
import { isForLinux } from '../refuse-other-system.ts';
import { type ArchiveFiles, throwMissing } from './archive-files.ts';
import type { ArchivedImage, RequestedPlatform } from './archived-image.ts';
import { compressionOf, detectLayerForm, keepBlob, keepTar, type LayerForm, verifyForm } from './layer-form.ts';
import { readArchive } from './read-archive.ts';

/** Progress of a load. `offset` and `total` are bytes of the layer as the archive holds it. */
export type LoadImagesEvent =
  | {
      readonly type: 'layer';
      readonly diffId: DiffId;
      /** `exists`: the store has it already, and it is not unpacked again. */
      readonly state: 'exists' | 'unpacking' | 'done';
      readonly offset: number;
      readonly total: number;
    }
  | { readonly type: 'image'; readonly id: Digest; readonly references: readonly string[] }
  | { readonly type: 'warning'; readonly text: string }
  /** A name that was taken from another image. */
  | { readonly type: 'renamed'; readonly reference: string; readonly before: Digest };

export interface LoadImagesRequest {
  readonly files: ArchiveFiles;
  readonly requested: RequestedPlatform;
}

/** A store and the work under way in it. */
export interface LoadContext {
  readonly store: Store;
  readonly work: Work;
}

interface ReadyImage {
  readonly image: ImageRows;
  readonly documents: readonly StoredDocument[];
  readonly snapshotId: string | undefined;
  readonly blobs: readonly FormBlob[];
  readonly kept: readonly KeptBlob[];
}

/** A blob to record, and its layer. */
interface FormBlob extends LayerBlob {
  readonly diffId: DiffId;
}

/** A layer that cannot be made again from its files, and the blob that is its only copy. */
interface KeptBlob {
  readonly diffId: DiffId;
  readonly digest: Digest;
}

/**
 * Unpacks every layer of an archive's images and stores the blobs that cannot be made again, then closes the archive,
 * which removes spooled files. The returned `record` writes documents, rows and names, all rows in one transaction.
 * @throws what reading, unpacking and the content store throw; the signal's reason
 */
export async function loadImages(
  context: LoadContext,
  { files, requested }: LoadImagesRequest,
  control: WorkControl<LoadImagesEvent>,
): Promise<WorkResult<RecordedImage[]>> {
  return await unpackImages(context, await readArchive(files, requested), files, control);
}

/** {@link loadImages} for images whose layers are files; these are closed on the way. */
export async function unpackImages(
  context: LoadContext,
  images: readonly ArchivedImage[],
  files: Pick<ArchiveFiles, 'closeRead' | typeof Symbol.asyncDispose>,
  control: WorkControl<LoadImagesEvent>,
): Promise<WorkResult<RecordedImage[]>> {
  const ready: ReadyImage[] = [];
  for (const image of images) {
    ready.push(await prepareImage(context, image, control));
    files.closeRead?.();
  }
  // Removed before the flush, which would otherwise write them to disk.
  await files[Symbol.asyncDispose]();
  return {
    snapshotIds: ready.flatMap(({ snapshotId }) => snapshotId ?? []),
    record: async () => await recordImages(context, ready, control),
  };
}

async function recordImages(
  context: LoadContext,
  ready: readonly ReadyImage[],
  { report, signal }: WorkControl<LoadImagesEvent>,
): Promise<RecordedImage[]> {
  const { content, lease } = context.work;
  for (const document of ready.flatMap(({ documents }) => documents))
    await storeDocument(content, document, { lease, signal });
  const { images, renamed } = await context.store.metadata.db.transact(() => putRows(context, ready), { signal });
  for (const event of renamed) report(event);
  for (const [at, { id, references }] of images.entries()) {
    report({ type: 'image', id, references });
    const config = ready[at]?.image.config;
    if (config !== undefined && !isForLinux(config)) {
      const platform = formatPlatform(normalizePlatform(config));
      const text = `image ${references[0] ?? id} is for ${platform} and cannot be run or built on here`;
      report({ type: 'warning', text });
    }
  }
  return images;
}

/** Prepares everything of an image except documents and rows. */
async function prepareImage(
  { store, work }: LoadContext,
  image: ArchivedImage,
  { report, signal }: WorkControl<LoadImagesEvent>,
): Promise<ReadyImage> {
  const { content, lease } = work;
  const known = store.metadata.layers;
  const forms: LayerForm[] = [];
  for (const layer of image.layers) forms.push(await detectLayerForm(layer, known, { signal }));
  const diffIds = new Map(forms.map(({ digest, diffId }) => [digest, diffId]));
  await using group = new TaskGroup({ signal });
  // Compressed blobs are copied while workers unpack them.
  group.run(async (stop) => {
    for (const form of forms.filter(isCopied)) await keepBlob(form, content, { lease, signal: stop });
  });
  const unpacked: { value?: UnpackedChain } = {};
  group.run(async (stop) => {
    unpacked.value = await work.unpack({
      layers: forms.map(({ diffId, digest, file, name }) => ({
        diffId,
        source: () => {
          const { path: blobPath, offset, sizeBytes, streaming } = file ?? throwMissing(name);
          return { blobPath, offset, sizeBytes, digest, streaming };
        },
      })),
      signal: stop,
      report: ({ digest, offset, total }) => {
        const diffId = digest && diffIds.get(digest);
        if (diffId !== undefined && offset < total)
          report({ type: 'layer', diffId, state: 'unpacking', offset, total });
      },
    });
  });
  await group.join();
  const { layers = [], snapshotId } = unpacked.value ?? {};
  const links = new Set<Digest>(forms.filter(isNotBareTar).map(({ digest }) => digest));
  const kept: KeptBlob[] = [];
  const blobs: FormBlob[] = [];
  for (const [at, form] of forms.entries()) {
    const layer = layers[at];
    if (layer === undefined) continue;
    const { applied } = layer;
    if (applied === undefined) await verifyForm(form, known, { signal });
    const { diffId, digest, mediaType, sizeBytes, file } = form;
    if (form.isKept && file !== undefined) {
      const compression = applied?.compression ?? (await compressionOf(file));
      blobs.push({ diffId, digest, mediaType, compression, sizeBytes, recipe: undefined });
      if (!isCopied(form)) await keepBlob(form, content, { lease, signal });
    }
    if (!layer.remakeable) {
      const isStored = form.isKept || file === undefined;
      kept.push({ diffId, digest: isStored ? digest : await keepTar(form, content, { lease, signal }) });
    }
    const total = file?.sizeBytes ?? sizeBytes;
    report({ type: 'layer', diffId, state: applied ? 'done' : 'exists', offset: total, total });
  }
  const config = documentOf(mediaTypes.ociConfig, image.config.bytes);
  const { manifest, target } = image.documents ?? assembleManifest(config.descriptor, forms, layers);
  return {
    image: {
      id: image.id,
      config: image.config.value,
      target: target.descriptor,
      manifest: manifest.descriptor.digest,
      links: [manifest.descriptor.digest, ...links].map((key) => ({ kind: 'blob', key })),
      layers: layers.map(({ record }) => record),
      references: uniqueReferences(image.references),
    },
    // The config keeps the digest that the manifest gives it, whatever its algorithm.
    documents: [{ ...config, descriptor: { ...config.descriptor, digest: image.id } }, manifest, target],
    snapshotId,
    blobs,
    kept,
  };
}

/** True for a blob that is copied beside unpacking. One that is being received is stored in place, once complete. */
const isCopied = ({ isKept, file }: LayerForm): boolean => isKept && file?.streaming === undefined;

/** True for a layer whose descriptor is not the bare tar's, even if the archive leaves the blob out. */
const isNotBareTar = ({ isKept, file, digest, diffId }: LayerForm): boolean =>
  isKept || (file === undefined && digest !== parseDigest(diffId));

/**
 * Returns a manifest for docker's archives, which have none. It names each layer as the archive holds it, if manifests
 * can.
 */
function assembleManifest(
  config: Descriptor,
  forms: readonly LayerForm[],
  layers: readonly UnpackedLayer[],
): { readonly manifest: StoredDocument; readonly target: StoredDocument } {
  const manifest = manifestOf(
    config,
    forms.map(({ isKept, mediaType, digest, sizeBytes, diffId }, at) =>
      isKept
        ? { mediaType, digest, size: sizeBytes }
        : tarDescriptor({ diffId, tarSizeBytes: layers[at]?.record.tarSizeBytes ?? 0 }),
    ),
  );
  return { manifest, target: manifest };
}

interface RecordedImages {
  readonly images: RecordedImage[];
  readonly renamed: readonly LoadImagesEvent[];
}

/** Records all images and their names inside the caller's transaction. */
function putRows({ store: { metadata }, work: { lease } }: LoadContext, ready: readonly ReadyImage[]): RecordedImages {
  const before = new Map<string, Digest>();
  const images: RecordedImage[] = [];
  for (const { image, blobs, kept } of ready) {
    for (const reference of image.references) {
      const old = metadata.tags.get(formatReference(reference))?.target;
      // The same index, loaded for another of its platforms: the name does not move.
      const [oldImage] = old === undefined || old === image.target.digest ? [] : metadata.targets.imagesOf(old);
      if (oldImage !== undefined && oldImage.imageId !== image.id)
        before.set(familiarString(reference), oldImage.imageId);
    }
    images.push(putImageRows(metadata, image, lease));
    addImageEvent(metadata, image.id, 'load', image.id);
    for (const { diffId, digest } of kept) metadata.layers.keepBlob(diffId, digest);
    for (const { diffId, ...blob } of blobs) metadata.layers.addBlob(diffId, blob);
  }
  return { images, renamed: [...before].map(([reference, id]) => ({ type: 'renamed', reference, before: id })) };
}
