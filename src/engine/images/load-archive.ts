import type { ArchiveFiles } from '../../images/load/archive-files.ts';
import { FolderFiles } from '../../images/load/folder-files.ts';
import { loadImages } from '../../images/load/load-images.ts';
import { seekableArchive } from '../../images/load/seekable-archive.ts';
import { spoolArchive } from '../../images/load/spool-archive.ts';
import type { ImageStore } from '../../images/record-image.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { parsePlatform } from '../../spec/platform.ts';
import { collectAfterDeaths, collectGarbage, emptyTrashBriefly, type GarbageParts } from '../garbage.ts';
import type { StorageDriver } from '../open-driver.ts';
import { openScratch } from '../scratch-folder.ts';
import { StoreFlush } from '../store-flush.ts';
import { hostPlatform } from '../versions.ts';
import { archiveFailure } from './archive-failure.ts';
import { formOf, readInput } from './archive-input.ts';
import type { LoadEvent, LoadRequest, LoadResult } from './load-types.ts';

export interface LoadParts {
  readonly garbage: GarbageParts;
  readonly storeFor: (lease: StoreLease) => ImageStore;
}

type Report = (event: LoadEvent) => void;

/** Loads under one lease; what a failed load had unpacked by then goes at once. */
export async function loadArchive(
  request: LoadRequest,
  { garbage, storeFor }: LoadParts,
  report: Report,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { driver, metadata, layout, locks } = garbage;
  const wish = {
    platform: request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform()),
    isRequired: request.platform !== undefined,
  };
  for (const text of driver.warnings) report({ type: 'warning', text });
  await collectAfterDeaths(garbage, { signal });
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => emptyTrashBriefly(layout));
  const load = async (): Promise<LoadResult> => {
    await using lease = metadata.leases.open('load');
    using disk = new StoreFlush(garbage);
    await using files = await openFiles(request.input, driver, lease, report, signal);
    const { snapshotter } = driver;
    const images = await loadImages(
      { files, wish, lease, signal },
      {
        store: storeFor(lease),
        metadata,
        unpack: { snapshotter, metadata, locks, indexes: layout.indexes },
        persist: async (ids, stop) => {
          await disk.flush({ signal: stop });
          for (const id of ids) await snapshotter.persist(id, { flushed: true, signal: stop });
        },
      },
      report,
    );
    return { images };
  };
  try {
    return await load();
  } catch (error) {
    await collectGarbage(garbage).catch(() => {
      // The first failure is the one to tell; whoever collects next takes what stays.
    });
    throw archiveFailure(error, request.input);
  }
}

/** Where they lie, in a folder or a bare tar; else in an unnamed snapshot, where the archive is unpacked. */
async function openFiles(
  input: LoadRequest['input'],
  driver: StorageDriver,
  lease: StoreLease,
  report: Report,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  if (typeof input === 'string') {
    const form = formOf(input);
    if (form === 'folder') return new FolderFiles(input);
    const files = form === 'file' ? await seekableArchive(input, { signal }) : undefined;
    if (files !== undefined) return files;
  }
  const scratch = await openScratch(driver, { lease, signal });
  try {
    const files = await spoolArchive(readInput(input, report, signal), scratch.path, { signal });
    return {
      find: (name) => files.find(name),
      [Symbol.asyncDispose]: async () => {
        await files[Symbol.asyncDispose]();
        await scratch[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}
