import { open } from 'node:fs/promises';
import { decompress } from '../../archive/compression/decompress.ts';
import { compressionProbeBytes, detectCompression } from '../../archive/compression/detect.ts';
import type { CompressionFormat } from '../../archive/compression/types.ts';
import type { ContentStore } from '../../content/types.ts';
import { RunningDigest, verifyStream } from '../../content/verify.ts';
import { nameDamagedBlob } from '../../layer/damage.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Layers } from '../../metadata/layers.ts';
import { type DiffId, type Digest, digestAlgorithm, parseDigest } from '../../spec/digest.ts';
import { layerMediaType } from '../../spec/media-types.ts';
import { isBlobOf } from '../../store/layers/presence.ts';
import { storeBlob } from '../store-blob.ts';
import { type ArchiveFile, archiveInvalid, streamOf, throwMissing } from './archive-files.ts';
import type { ArchivedLayer } from './archived-image.ts';

/** A layer in the form in which an archive holds it. */
export interface LayerForm {
  readonly diffId: DiffId;
  readonly name: string;
  /** Undefined when the archive lacks the blob: then the store must have the layer. */
  readonly file: ArchiveFile | undefined;
  /** Digest of the file; not yet verified when it comes from a manifest. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** True for a compressed blob whose type manifests can name. It is stored, so that the layer keeps its digest. */
  readonly isKept: boolean;
}

/** Finds out the form of a layer, from its bytes rather than its name. Throws ERR_ARCHIVE_FILE_MISSING. */
export async function detectLayerForm(layer: ArchivedLayer, layers: Layers, options: AbortOptions): Promise<LayerForm> {
  const { diffId, name, file, descriptor } = layer;
  if (file === undefined) {
    if (descriptor === undefined || !isBlobOf(layers, diffId, descriptor.digest)) throwMissing(name);
    const { digest, size: sizeBytes, mediaType } = descriptor;
    return { diffId, name, file, digest, sizeBytes, mediaType, isKept: false };
  }
  const { sizeBytes } = file;
  if (descriptor !== undefined) {
    const { digest, size, mediaType } = descriptor;
    if (size !== sizeBytes) throw archiveInvalid(`archive blob ${digest}: ${sizeBytes} bytes instead of ${size}`);
    return { diffId, name, file, digest, sizeBytes, mediaType, isKept: digest !== parseDigest(diffId) };
  }
  const compression = await compressionOf(file);
  const isKept = compression === 'gzip' || compression === 'zstd';
  return {
    diffId,
    name,
    file,
    digest: compression === 'none' ? parseDigest(diffId) : await digestOfFile(file, options),
    sizeBytes,
    mediaType: layerMediaType(isKept ? compression : 'none'),
    isKept,
  };
}

/**
 * Verifies the archive's blob of a layer that was not unpacked because it exists. Otherwise an archive could record a
 * blob of its own for another image's layer. Throws ERR_ARCHIVE_INVALID.
 */
export async function verifyForm(form: LayerForm, layers: Layers, options: AbortOptions): Promise<void> {
  const { file, diffId, digest, sizeBytes } = form;
  if (file === undefined) return;
  // Waits also for a blob that is recorded by now, perhaps by another process: its first bytes are read afterwards.
  await file.streaming?.written;
  if (isBlobOf(layers, diffId, digest)) return;
  const running = new RunningDigest(digestAlgorithm(diffId));
  // The file may have changed since its blob was stored.
  const blob = verifyStream(streamOf(file), { digest, sizeBytes }, options);
  for await (const chunk of decompress(blob, options)) running.update(chunk);
  if (running.digest() !== parseDigest(diffId)) {
    throw archiveInvalid(`archive layer ${digest}: its content is not the layer ${diffId} that the config names`);
  }
}

/** Stores the layer's blob unchanged. Throws ERR_BLOB_DIGEST_MISMATCH. */
export async function keepBlob(
  { file, digest, sizeBytes }: LayerForm,
  content: ContentStore,
  options: AbortOptions & { readonly lease: Lease },
): Promise<void> {
  if (file === undefined) return;
  if (file.streaming !== undefined) return await file.streaming.keep();
  try {
    await storeBlob(content, streamOf(file), { digest, sizeBytes }, options);
  } catch (error) {
    throw nameDamagedBlob(error, { digest, offset: file.offset, sizeBytes });
  }
}

/** Stores the uncompressed tar of a layer that cannot be made again from its files. Returns the blob's digest. */
export async function keepTar(
  { file, diffId }: Pick<LayerForm, 'file' | 'diffId'>,
  content: ContentStore,
  options: AbortOptions & { readonly lease: Lease },
): Promise<Digest> {
  const digest = parseDigest(diffId);
  if (file?.streaming !== undefined) await file.streaming.keep();
  else if (file !== undefined) await storeBlob(content, decompress(streamOf(file), options), { digest }, options);
  return digest;
}

async function digestOfFile(file: ArchiveFile, { signal }: AbortOptions): Promise<Digest> {
  const running = new RunningDigest('sha256');
  for await (const chunk of streamOf(file)) {
    signal?.throwIfAborted();
    running.update(chunk);
  }
  return running.digest();
}

/** Detects the compression from the file's first bytes, which must already be written. */
export async function compressionOf({ path, offset = 0, sizeBytes }: ArchiveFile): Promise<CompressionFormat> {
  await using file = await open(path, 'r');
  const probeBytes = Math.min(compressionProbeBytes, sizeBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(compressionProbeBytes), 0, probeBytes, offset);
  return detectCompression(buffer.subarray(0, bytesRead));
}
