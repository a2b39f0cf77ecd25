import { decompress } from '../../archive/compression/decompress.ts';
import { fillHoles } from '../../archive/tar/holes.ts';
import { Chunks } from '../../layer/chunks.ts';
import { corruptIndex } from '../../layer/index-file/corrupt-index.ts';
import type { LayerIndex, RecordSpan } from '../../layer/index-file/layer-index.ts';
import { decodeRawBytes, recordBody, TreeBodies } from '../../layer/record-body.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { parseDigest } from '../../spec/digest.ts';
import type { Store } from '../store.ts';
import type { NamedLayer } from './layer-blob.ts';
import { fitsChain } from './parent-dependent.ts';
import { layerAbsent, pinPresence } from './presence.ts';

export interface LayerContentOptions extends AbortOptions {
  /** Pins the objects that are read. */
  readonly lease: StoreLease;
  /** True leaves out the holes of a sparse file. */
  readonly stored?: boolean | undefined;
}

/**
 * Streams the content of a file of a layer; `ordinal` is the number of its entry. Reads the layer's files, with the
 * same checks as making the tar again, or a part of a stored blob. The caller may keep the chunks but not change them.
 * The digest is not checked here; `system check` does that.
 * @throws ERR_LAYER_ABSENT, ERR_LAYER_TREE_CHANGED, ERR_INDEX_CORRUPT, ERR_BLOB_DAMAGED, and the signal's reason
 */
export async function* layerContent(
  store: Store,
  layer: Pick<NamedLayer, 'diffId' | 'snapshotId'>,
  ordinal: number,
  options: LayerContentOptions,
): AsyncGenerator<Uint8Array, void> {
  using index = await store.layers.open(layer.diffId);
  const entry = index.recordSpan(ordinal);
  if (entry === undefined) throw corruptIndex('names a record it does not hold');
  if (options.stored === true) return yield* streamStored({ store, layer, index, entry }, options);
  const filler = fillHoles(entry.record);
  for await (const chunk of streamStored({ store, layer, index, entry }, options)) {
    options.signal?.throwIfAborted();
    yield* filler.write(chunk);
  }
  for (const chunk of filler.finish()) {
    // Checked for each chunk: a few bytes of archive can declare petabytes of holes.
    options.signal?.throwIfAborted();
    yield chunk;
  }
}

interface LayerFile {
  readonly store: Store;
  readonly layer: Pick<NamedLayer, 'diffId' | 'snapshotId'>;
  readonly index: LayerIndex;
  readonly entry: RecordSpan;
}

async function* streamStored(file: LayerFile, options: LayerContentOptions): AsyncGenerator<Uint8Array, void> {
  const { store, layer, index, entry } = file;
  const { body, storedSizeBytes } = entry.record;
  if (storedSizeBytes === 0) return;
  if (body === 'index') return yield* streamFromIndex(index, entry);
  const snapshot = layer.snapshotId === undefined ? undefined : store.metadata.snapshots.get(layer.snapshotId);
  if (body !== 'tree' || snapshot === undefined || !fitsChain(index, snapshot))
    return yield* streamFromBlob(file, options);
  await using opened = await store.layers.openFiles(snapshot.id, options);
  using bodies = new TreeBodies(opened.files);
  const out = new Chunks();
  yield* recordBody(index, entry, bodies, out);
  yield* out.rest();
}

function* streamFromIndex(index: LayerIndex, entry: RecordSpan): Generator<Uint8Array, void> {
  const { record, span, saved } = entry;
  const out = new Chunks();
  const at = saved ?? { offset: span.offset + record.headerBytes, bodyBytes: span.bodyBytes };
  yield* decodeRawBytes(index, at.offset, at.bodyBytes, record.storedSizeBytes, out);
  yield* out.rest();
}

/** Streams the file's part of the layer's tar, from any stored blob of the layer. */
async function* streamFromBlob(
  { store, layer: { diffId }, entry: { record } }: LayerFile,
  { lease, signal }: LayerContentOptions,
): AsyncGenerator<Uint8Array, void> {
  const start = record.offset + record.headerBytes;
  const end = start + record.storedSizeBytes;
  const tar = parseDigest(diffId);
  const presence = await pinPresence(store.metadata, { diffId, digest: tar }, { lease, signal });
  if (presence.state !== 'present') throw layerAbsent(diffId);
  await using reader = await store.blobs.open(presence.digest, { signal });
  if (presence.digest === tar) yield* reader.stream({ start, end, signal });
  else yield* slice(decompress(reader.stream({ signal }), { signal }), start, end);
}

async function* slice(bytes: AsyncIterable<Uint8Array>, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  for await (const chunk of bytes) {
    const part = chunk.subarray(Math.max(start - offset, 0), Math.max(end - offset, 0));
    if (part.length > 0) yield part;
    offset += chunk.length;
    if (offset >= end) return;
  }
}
