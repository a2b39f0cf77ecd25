import type { AbortOptions } from '../../lib/abort.ts';
import type { DiffId } from '../../spec/digest.ts';
import { discardIndex, publishIndex } from '../index-file/index-writer.ts';
import type { AppliedLayer } from '../types.ts';
import { inlineBytes, runLayerJob } from '../work/run-layer-job.ts';
import type { ChangedTree } from './change.ts';
import type { CopyRequest } from './change-copier.ts';
import { type DiffJob, type DiffResult, diffTree } from './diff-tree.ts';
import { isSmall } from './is-small.ts';

export interface DiffLayerRequest extends AbortOptions {
  readonly tree: ChangedTree;
  /** Copies the overlay layer on the way. The layer is made of the copy, so that later changes of the tree do not matter. */
  readonly copy?: CopyRequest | undefined;
  /** Folder of the index; needed before the final name is known. */
  readonly indexFolder: string;
  /** Prefix of the index's temporary name; default `diff`. */
  readonly indexName?: string;
  readonly indexPath: (diffId: DiffId) => string;
  /** Flushes the index and its folder. */
  readonly sync?: boolean;
  /** Receives the archive, in chunks of up to 256 KiB that it may keep. Without it the archive is hashed only. */
  readonly sink?: (chunk: Uint8Array) => void | Promise<void>;
}

/**
 * Makes a layer of the changes of a tree: diffID, sizes and index. The tree remains the layer's content; no archive is
 * stored, `remakeLayer` makes it again. The same tree gives the same layer. The tree must not change meanwhile. With a
 * sink the tree is read on the calling thread, else in a worker unless it is small. After a failure no index is left.
 * Aborting rejects with the signal's reason.
 * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
 */
export async function diffLayer(request: DiffLayerRequest): Promise<AppliedLayer> {
  const { layer, temporaryIndex } = await diff(request);
  try {
    request.signal?.throwIfAborted();
    publishIndex(temporaryIndex, request.indexPath(layer.diffId), request);
  } catch (error) {
    discardIndex(temporaryIndex);
    throw error;
  }
  return layer;
}

async function diff({ indexName = 'diff', sink, signal, ...request }: DiffLayerRequest): Promise<DiffResult> {
  const { tree, copy, indexFolder } = request;
  const job: DiffJob = { tree, copy, indexFolder, indexName };
  signal?.throwIfAborted();
  if (sink) return pour(diffTree(job), sink, signal);
  const isAmendment = tree.kind === 'overlay' && tree.amendedDir !== undefined;
  const bytes = !isAmendment && isSmall(tree.upperDir, inlineBytes) ? 0 : inlineBytes;
  return runLayerJob({ kind: 'diff', job }, { signal, bytes });
}

async function pour(
  chunks: Generator<Uint8Array, DiffResult>,
  sink: (chunk: Uint8Array) => void | Promise<void>,
  signal: AbortSignal | undefined,
): Promise<DiffResult> {
  try {
    for (let step = chunks.next(); ; step = chunks.next()) {
      if (step.done === true) return step.value;
      signal?.throwIfAborted();
      await sink(step.value);
    }
  } finally {
    // Closes the files of an unfinished generator.
    chunks.return(undefined as never);
  }
}
