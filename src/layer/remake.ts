import { createHash } from 'node:crypto';
import type { AbortOptions } from '../lib/abort.ts';
import { digestAlgorithm } from '../spec/digest.ts';
import { Chunks, type ChunksOptions } from './chunks.ts';
import { corruptIndex } from './index-file/corrupt-index.ts';
import { LayerIndex, type RecordSpan } from './index-file/layer-index.ts';
import { decodeRawBytes, type LayerFiles, notRemakeable, recordBody, TreeBodies, TreeChanged } from './record-body.ts';

/**
 * Yields the exact bytes of a layer's tar, from its index and the tree it was unpacked into (its own directory, or a
 * complete tree right after it was applied). Chunks of up to 256 KiB belong to the receiver, unless `reuseBuffer` is set.
 * A changed file of the tree gives wrong bytes: hash them before relying on them, see {@link verifyRemake}.
 * @throws ERR_LAYER_NOT_REMAKEABLE, ERR_LAYER_TREE_CHANGED, ERR_INDEX_CORRUPT, and the signal's reason
 */
export async function* remakeLayer(
  index: LayerIndex,
  tree: LayerFiles,
  { signal, reuseBuffer }: AbortOptions & ChunksOptions = {},
): AsyncGenerator<Uint8Array, void> {
  for (const chunk of remakeTar(index, tree, { reuseBuffer })) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** Does the work of {@link remakeLayer}, synchronously. */
export function* remakeTar(
  index: LayerIndex,
  tree: LayerFiles,
  options: ChunksOptions = {},
): Generator<Uint8Array, void> {
  const { remakeable, tarSizeBytes } = index.summary;
  if (!remakeable) throw notRemakeable(index);
  let left = tarSizeBytes;
  for (const chunk of entries(index, tree, options)) {
    left -= chunk.length;
    // A forged index could describe petabytes.
    if (left < 0) throw corruptIndex('describes more bytes than its layer has');
    yield chunk;
  }
}

function* entries(index: LayerIndex, tree: LayerFiles, options: ChunksOptions): Generator<Uint8Array, void> {
  using bodies = new TreeBodies(tree);
  const out = new Chunks(options);
  for (const entry of index.recordSpans()) {
    const { record, span } = entry;
    yield* out.put(index.rawBytes(span.offset, record.headerBytes));
    yield* recordBody(index, entry, bodies, out);
    yield* padding(index, entry, out);
  }
  const { rawOffset, codedBytes, tarBytes } = index.trailer;
  yield* decodeRawBytes(index, rawOffset, codedBytes, tarBytes, out);
  yield* out.rest();
}

/**
 * Returns true when {@link remakeLayer} gives the layer's exact bytes, false when a file is missing or was changed. Reads
 * everything, synchronously.
 * @throws ERR_INDEX_CORRUPT, and the error of `check`, which is called between chunks
 */
export function verifyRemake(indexPath: string, tree: LayerFiles, check: () => void = () => {}): boolean {
  using index = LayerIndex.open(indexPath);
  const { diffId, remakeable } = index.summary;
  if (!remakeable) return false;
  const algorithm = digestAlgorithm(diffId);
  const hash = createHash(algorithm);
  try {
    for (const chunk of remakeTar(index, tree, { reuseBuffer: true })) {
      check();
      hash.update(chunk);
    }
  } catch (error) {
    if (error instanceof TreeChanged) return false;
    throw error;
  }
  return `${algorithm}:${hash.digest('hex')}` === diffId;
}

function* padding(index: LayerIndex, { record, span }: RecordSpan, out: Chunks): Generator<Uint8Array> {
  const { paddingBytes } = record;
  if (span.paddingBytes === 0) yield* out.put(zeros.subarray(0, paddingBytes));
  else
    yield* decodeRawBytes(
      index,
      span.offset + record.headerBytes + span.bodyBytes,
      span.paddingBytes,
      paddingBytes,
      out,
    );
}

const zeros = new Uint8Array(512);
