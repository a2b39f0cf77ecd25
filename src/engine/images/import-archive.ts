import { join } from 'node:path';
import { decompress } from '../../archive/compression/decompress.ts';
import { spool } from '../../content/spool-file.ts';
import { RunningDigest } from '../../content/verify.ts';
import { StrataError } from '../../errors/index.ts';
import { assembleImage } from '../../images/assemble-image.ts';
import { addImageEvent } from '../../images/image-event.ts';
import { archiveFailure } from '../../images/load/archive-failure.ts';
import type { ArchiveFile } from '../../images/load/archive-files.ts';
import { readInput } from '../../images/load/archive-input.ts';
import { keepTar } from '../../images/load/layer-form.ts';
import { type RecordedImage, recordImage } from '../../images/record-image.ts';
import { refuseOtherSystem } from '../../images/refuse-other-system.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import type { LayerRecord } from '../../metadata/layers.ts';
import { parseReference, type Reference, withDefaultTag } from '../../reference/index.ts';
import type { ImageConfig } from '../../spec/config.ts';
import { type DiffId, type Digest, parseDiffId } from '../../spec/digest.ts';
import { type Platform, parsePlatform } from '../../spec/platform.ts';
import type { Store } from '../../store/store.ts';
import type { Work } from '../../store/work/types.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { applyChanges } from './apply-changes.ts';
import type { ImportEvent, ImportRequest } from './import-types.ts';

/** Creates an image of one layer from a tar of a filesystem. Throws as `images.import` says. */
export async function importArchive(
  store: Store,
  request: ImportRequest,
  { report, signal }: WorkControl<ImportEvent>,
): Promise<RecordedImage> {
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  refuseOtherSystem(request.reference ?? 'to import', platform);
  const references = request.reference === undefined ? [] : [nameOf(request.reference)];
  const config = configOf(request, platform);
  try {
    return await store.work('import', { signal }, async (work) => {
      const { layer, snapshotId } = await importLayer({ store, work }, request, { report, signal });
      return {
        snapshotIds: [snapshotId],
        record: async () => {
          const image = assembleImage(config, [layer]);
          const also = (made: Digest): void => addImageEvent(store.metadata, made, 'import', made);
          return await recordImage(store.metadata, work, image, { signal, references, layers: [layer], also });
        },
      };
    });
  } catch (error) {
    throw archiveFailure(error, request.input);
  }
}

async function importLayer(
  { store, work }: { readonly store: Store; readonly work: Work },
  { input }: ImportRequest,
  { report, signal }: WorkControl<ImportEvent>,
): Promise<{ readonly layer: LayerRecord; readonly snapshotId: string }> {
  const { content, lease } = work;
  // Removed before the flush, which would write it to the disk for nothing.
  await using scratch = await work.scratch({ signal });
  const path = join(scratch.path, 'layer');
  const { diffId, ...file } = await spoolTar(readInput(input, report, signal), path, { signal });
  const { layers, snapshotId } = await work.unpack({
    layers: [{ diffId, source: () => ({ blobPath: file.path, sizeBytes: file.sizeBytes }) }],
    signal,
    report: ({ offset, total }) => report({ type: 'unpack', offset, total }),
  });
  const [layer] = layers;
  invariant(layer && snapshotId, 'one layer makes a chain of one');
  if (!layer.remakeable) {
    const { db, layers } = store.metadata;
    const digest = await keepTar({ file, diffId }, content, { lease, signal });
    await db.transact(() => layers.keepBlob(diffId, digest), { signal });
  }
  return { layer: layer.record, snapshotId };
}

/** Writes the uncompressed tar to a file, and hashes it on the way. */
async function spoolTar(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: AbortOptions,
): Promise<ArchiveFile & { readonly diffId: DiffId }> {
  const running = new RunningDigest('sha256');
  async function* hashChunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of decompress(source, options)) {
      running.update(chunk);
      yield chunk;
    }
  }
  return { path, sizeBytes: await spool(hashChunks(), path), diffId: parseDiffId(running.digest()) };
}

/** Throws ERR_REFERENCE_INVALID, and ERR_IMPORT_NAME for a name with a digest: it is not known before the import. */
function nameOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw new StrataError({
    code: 'ERR_IMPORT_NAME',
    message: 'cannot import digest reference',
    hint: 'Name the image by a tag, as in app:1.',
  });
}

function configOf({ changes = [], message = 'Imported from -' }: ImportRequest, platform: Platform): ImageConfig {
  const created = new Date().toISOString();
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    created,
    comment: message,
    config: applyChanges({}, changes, platform),
    rootfs: { type: 'layers', diff_ids: [] },
    history: [{ created, comment: message }],
  };
}
