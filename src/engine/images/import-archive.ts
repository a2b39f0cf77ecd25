import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../archive/compression/decompress.ts';
import { diskFailure } from '../../content/disk-failure.ts';
import { RunningDigest } from '../../content/verified.ts';
import { StrataError } from '../../errors/index.ts';
import { assembleImage } from '../../images/assemble-image.ts';
import type { ArchiveFile } from '../../images/load/archive-files.ts';
import { keepTar } from '../../images/load/layer-form.ts';
import { refuseOtherSystem } from '../../images/operating-system.ts';
import { type ImageStore, recordImage } from '../../images/record-image.ts';
import { unpackChain } from '../../images/unpack.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { parseReference, type Reference, withDefaultTag } from '../../reference/index.ts';
import type { ImageConfig } from '../../spec/config.ts';
import { type DiffId, parseDiffId } from '../../spec/digest.ts';
import { type Platform, parsePlatform } from '../../spec/platform.ts';
import { collectAfterDeaths, collectGarbage, emptyTrashBriefly, type GarbageParts } from '../garbage.ts';
import { openScratch } from '../scratch-folder.ts';
import { StoreFlush } from '../store-flush.ts';
import { hostPlatform } from '../versions.ts';
import { archiveFailure } from './archive-failure.ts';
import { readInput } from './archive-input.ts';
import { applyChanges } from './config-changes.ts';
import type { ImportEvent, ImportRequest, ImportResult } from './import-types.ts';

export interface ImportParts {
  readonly garbage: GarbageParts;
  readonly storeFor: (lease: StoreLease) => ImageStore;
}

/** Imports under one lease; what a failed import had unpacked by then goes at once. */
export async function importArchive(
  request: ImportRequest,
  parts: ImportParts,
  report: (event: ImportEvent) => void,
  signal: AbortSignal,
): Promise<ImportResult> {
  const { garbage } = parts;
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  refuseOtherSystem(request.reference ?? 'to import', platform);
  const references = request.reference === undefined ? [] : [nameOf(request.reference)];
  const config = configOf(request, platform);
  await collectAfterDeaths(garbage, { signal });
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => emptyTrashBriefly(garbage.layout));
  try {
    return await importLayer({ request, config, references }, parts, report, signal);
  } catch (error) {
    await collectGarbage(garbage).catch(() => {
      // The first failure is the one to tell; whoever collects next takes what stays.
    });
    throw archiveFailure(error, request.input);
  }
}

interface Import {
  readonly request: ImportRequest;
  readonly config: ImageConfig;
  readonly references: readonly Reference[];
}

async function importLayer(
  { request, config, references }: Import,
  { garbage, storeFor }: ImportParts,
  report: (event: ImportEvent) => void,
  signal: AbortSignal,
): Promise<ImportResult> {
  const { metadata, driver, layout, locks } = garbage;
  const { snapshotter } = driver;
  await using lease = metadata.leases.open('import');
  using disk = new StoreFlush(garbage);
  await using scratch = await openScratch(driver, { lease, signal });
  const { diffId, ...file } = await spoolTar(readInput(request.input, report, signal), join(scratch.path, 'layer'), {
    signal,
  });
  const chain = await unpackChain(
    {
      layers: [{ diffId, source: () => ({ blobPath: file.path, sizeBytes: file.sizeBytes }) }],
      lease,
      signal,
      report: ({ offset, total }) => report({ type: 'unpack', offset, total }),
    },
    { snapshotter, metadata, locks, indexes: layout.indexes },
  );
  const [layer] = chain.layers;
  invariant(layer && chain.snapshotId, 'one layer makes a chain of one');
  const store = storeFor(lease);
  if (!layer.remakeable) {
    metadata.layers.keepBlob(diffId, await keepTar({ file, diffId }, store.content, { lease, signal }));
  }
  // Before the flush, which would write out what is about to be removed.
  await scratch[Symbol.asyncDispose]();
  await disk.flush({ signal });
  await snapshotter.persist(chain.snapshotId, { flushed: true, signal });
  const image = assembleImage(config, [layer.record]);
  const { sizeBytes } = layer.record;
  const id = await recordImage(store, image, { lease, signal, references, sizeBytes });
  return { id, target: image.manifest.descriptor.digest };
}

/** The uncompressed tar in a file, hashed on its way. */
async function spoolTar(
  source: AsyncIterable<Uint8Array>,
  path: string,
  options: AbortOptions,
): Promise<ArchiveFile & { readonly diffId: DiffId }> {
  const running = new RunningDigest('sha256');
  try {
    await using file = await open(path, 'wx', 0o600);
    for await (const chunk of decompress(source, options)) {
      running.update(chunk);
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
  return { path, sizeBytes: running.sizeBytes, diffId: parseDiffId(running.digest()) };
}

/** Throws ERR_REFERENCE_INVALID, and ERR_IMPORT_NAME for a name with a digest, which nobody can promise. */
function nameOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest === undefined) return withDefaultTag(reference);
  throw new StrataError({
    code: 'ERR_IMPORT_NAME',
    message: 'cannot import digest reference',
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
