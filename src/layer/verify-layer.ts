import type { AbortOptions } from '../lib/abort.ts';
import type { DiffId } from '../spec/digest.ts';
import { LayerIndex } from './index-file/layer-index.ts';
import type { LayerFiles } from './record-body.ts';
import { runLayerJob } from './work/run-layer-job.ts';

/**
 * Returns true when index and tree give the layer's exact tar again, so that its blob can be removed. Returns false when
 * the index could not keep everything, or a file is missing or was changed. Reads all files, in a worker when they are
 * many.
 * @throws ERR_INDEX_CORRUPT, and the signal's reason
 */
export async function verifyLayer(indexPath: string, tree: LayerFiles, options: AbortOptions = {}): Promise<boolean> {
  const bytes = tarSizeOf(indexPath);
  return runLayerJob({ kind: 'verify', job: { indexPath, tree } }, { ...options, bytes });
}

/**
 * Reads all of an index, in a worker when its layer is large; returns the layer's diffID.
 * @throws ERR_INDEX_CORRUPT, ERR_INDEX_VERSION, and the signal's reason
 */
export async function verifyIndex(indexPath: string, options: AbortOptions = {}): Promise<DiffId> {
  return runLayerJob({ kind: 'read-index', job: { indexPath } }, { ...options, bytes: tarSizeOf(indexPath) });
}

function tarSizeOf(indexPath: string): number {
  using index = LayerIndex.open(indexPath);
  return index.summary.tarSizeBytes;
}
