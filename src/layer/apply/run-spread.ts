import type { AbortOptions } from '../../lib/abort.ts';
import { asSyscallError } from '../../sys/as-syscall-error.ts';
import { damageIn } from '../damage.ts';
import type { LayerProgress, LayerSource } from '../types.ts';
import { run } from '../work/run.ts';
import { readableBlob } from './expanded-blob.ts';
import type { Spread, SpreadJob } from './spread.ts';

export interface SpreadRequest extends AbortOptions {
  readonly source: LayerSource;
  readonly directory: string;
  readonly indexPath: string;
  readonly rootless: boolean;
  readonly below: SpreadJob['below'];
  readonly report: ((event: LayerProgress) => void) | undefined;
}

/** {@link spreadLayer} on the calling thread or in a worker, by the blob's size. A damaged blob is named in the failure. */
export async function spread(request: SpreadRequest): Promise<Spread | undefined> {
  const { coming } = request.source;
  try {
    const result = await runSpread(request);
    await coming?.written;
    return result;
  } catch (error) {
    // Of a blob that never came the failure of what was to write it counts.
    if (coming?.growth.hasFailed === true) await coming.written;
    throw damageIn(request.signal?.aborted === true ? error : asSyscallError(error), request.source);
  }
}

async function runSpread({ source, report, signal, ...request }: SpreadRequest): Promise<Spread | undefined> {
  await using blob = await readableBlob(source, request.indexPath, { signal });
  const { expanded } = blob;
  const total = source.sizeBytes;
  const result = await run(
    {
      kind: 'spread',
      job: {
        blobPath: blob.path,
        piece: blob.offset === undefined ? undefined : { offset: blob.offset, sizeBytes: blob.sizeBytes },
        growth: expanded ? undefined : source.coming?.growth.words,
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
      coming: expanded ? undefined : source.coming?.written,
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
