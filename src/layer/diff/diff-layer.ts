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
  /** Makes a copy of the overlay layer on the way; what came over is the layer, whatever happens to the tree. */
  readonly copy?: CopyRequest | undefined;
  /** Where the index goes; the folder is needed before the name is known. */
  readonly indexFolder: string;
  /** What the name of the index begins with until it is whole; default `diff`. */
  readonly indexName?: string;
  readonly indexPath: (diffId: DiffId) => string;
  /** Flush the index and its folder. */
  readonly sync?: boolean;
  /** Gets the archive, chunks of up to 256 KiB that it may keep; without one the archive is hashed and forgotten. */
  readonly sink?: (chunk: Uint8Array) => void | Promise<void>;
}

/**
 * Makes a layer of what has changed in a tree: diffID, sizes and index. The tree stays the layer's content, no archive
 * is stored; `remakeLayer` gives it again. The same tree gives the same layer. Nothing may change the tree meanwhile.
 * With a sink it is read on the calling thread, else in a worker unless it is small. On failure no index is left;
 * aborting rejects with the signal's reason.
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
    // closes what an unfinished one holds
    chunks.return(undefined as never);
  }
}
