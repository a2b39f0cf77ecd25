import { createReadStream, type Stats, statSync } from 'node:fs';
import { StrataError } from '../errors/index.ts';
import type { ArchiveFiles } from '../images/load/archive-files.ts';
import { FolderFiles } from '../images/load/folder-files.ts';
import { loadImages } from '../images/load/load-images.ts';
import { spoolArchive } from '../images/load/spool-archive.ts';
import type { ImageStore } from '../images/record-image.ts';
import { invariant } from '../lib/invariant.ts';
import type { StoreLease } from '../metadata/leases.ts';
import { parsePlatform } from '../spec/platform.ts';
import { errnoOf } from '../sys/errno.ts';
import { syncFilesystem } from '../sys/syncfs.ts';
import { collectAfterDeaths, collectGarbage, emptyTrashBriefly, type GarbageParts } from './garbage.ts';
import type { LoadEvent, LoadRequest, LoadResult } from './load-types.ts';
import type { StorageDriver } from './open-driver.ts';
import { hostPlatform } from './versions.ts';

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
  const load = async (): Promise<LoadResult> => {
    await using lease = metadata.leases.open('load');
    await using files = await openInput(request.input, driver, lease, report, signal);
    const { snapshotter } = driver;
    const images = await loadImages(
      { files, wish, lease, signal },
      {
        store: storeFor(lease),
        metadata,
        unpack: { snapshotter, metadata, locks, indexes: layout.indexes },
        persist: async (ids, stop) => {
          await syncFilesystem(layout.root, { signal: stop });
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
    throw error;
  } finally {
    await emptyTrashBriefly(layout);
  }
}

async function openInput(
  input: LoadRequest['input'],
  driver: StorageDriver,
  lease: StoreLease,
  report: Report,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  if (typeof input !== 'string') return await spool(counted(input, undefined, report), driver, lease, signal);
  const stat = statOf(input);
  if (stat.isDirectory()) return new FolderFiles(input);
  const source = createReadStream(input, { highWaterMark: 1 << 20 });
  return await spool(counted(source, stat.isFile() ? stat.size : undefined, report), driver, lease, signal);
}

/** Throws ERR_ARCHIVE_UNREADABLE in docker's words. */
function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    const reason = errno === 'ENOENT' ? 'no such file or directory' : errno === 'EACCES' ? 'permission denied' : errno;
    throw new StrataError({
      kind: 'not-found',
      code: 'ERR_ARCHIVE_UNREADABLE',
      message: `open ${path}: ${reason ?? String(error)}`,
      cause: error,
    });
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  total: number | undefined,
  report: Report,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for await (const chunk of source) {
    offset += chunk.length;
    report({ type: 'archive', offset, total });
    yield chunk;
  }
}

/** Into an unnamed snapshot: whichever way this process ends, the files go as its lease does. */
async function spool(
  source: AsyncIterable<Uint8Array>,
  { snapshotter }: StorageDriver,
  lease: StoreLease,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  const { id } = await snapshotter.prepare(undefined, { lease, signal });
  const remove = (): Promise<void> => snapshotter.remove(id, { lease });
  try {
    const [mount] = snapshotter.mounts(id);
    invariant(mount, 'a snapshot on nothing is a directory');
    const files = await spoolArchive(source, mount.source, { signal });
    let isOpen = true;
    return {
      find: (name) => files.find(name),
      [Symbol.asyncDispose]: async () => {
        if (!isOpen) return;
        isOpen = false;
        await files[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
