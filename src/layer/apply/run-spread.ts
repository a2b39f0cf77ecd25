import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { nameDamagedBlob } from '../damage.ts';
import type { LayerProgress, LayerSource } from '../types.ts';
import { runLayerJob } from '../work/run-layer-job.ts';
import { openReadableBlob } from './open-readable-blob.ts';
import type { SpreadJob, SpreadResult } from './spread.ts';

export interface SpreadRequest extends AbortOptions {
  readonly source: LayerSource;
  readonly directory: string;
  readonly indexPath: string;
  readonly rootless: boolean;
  readonly below: SpreadJob['below'];
  readonly report: ((event: LayerProgress) => void) | undefined;
}

/** Runs {@link spreadLayer}, on the calling thread or in a worker, by the blob's size. The error names a damaged blob. */
export async function runSpread(request: SpreadRequest): Promise<SpreadResult | undefined> {
  const { streaming } = request.source;
  try {
    const result = await spreadBlob(request);
    await streaming?.written;
    return result;
  } catch (error) {
    // When the blob could not be written, the writer's error is the one to report.
    if (streaming?.growth.hasFailed === true) await streaming.written;
    throw nameDamagedBlob(request.signal?.aborted === true ? error : asSyscallError(error), request.source);
  }
}

async function spreadBlob({ source, report, signal, ...request }: SpreadRequest): Promise<SpreadResult | undefined> {
  await using blob = await openReadableBlob(source, request.indexPath, { signal });
  const { expanded } = blob;
  const total = source.sizeBytes;
  const result = await runLayerJob(
    {
      kind: 'spread',
      job: {
        blobPath: blob.path,
        range: blob.offset === undefined ? undefined : { offset: blob.offset, sizeBytes: blob.sizeBytes },
        growth: expanded ? undefined : source.streaming?.growth.words,
        digest: expanded ? undefined : source.digest,
        diffId: source.diffId,
        directory: request.directory,
        indexPath: request.indexPath,
        rootless: request.rootless,
        below: request.below,
      },
    },
    {
      bytes: blob.sizeBytes,
      streaming: expanded ? undefined : source.streaming?.written,
      signal,
      progress: (offset) =>
        report?.({
          digest: source.digest,
          offset: Math.min(Math.round((offset / blob.sizeBytes) * total), total),
          total,
        }),
    },
  );
  if (result) report?.({ digest: source.digest, offset: total, total });
  return result && expanded ? { ...result, layer: { ...result.layer, ...expanded } } : result;
}
