import type { Reporter, WorkControl } from '../../lib/work-control.ts';
import { parsePlatform } from '../../spec/platform.ts';
import type { Store } from '../../store/store.ts';
import type { Work } from '../../store/work/types.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { archiveFailure } from './archive-failure.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { formOf, readInput } from './archive-input.ts';
import { FolderFiles } from './folder-files.ts';
import { loadImages } from './load-images.ts';
import type { LoadEvent, LoadRequest, LoadResult } from './load-types.ts';
import { openSeekableArchive } from './seekable-archive.ts';
import { spoolArchive } from './spool-archive.ts';

/** Stores every image of an archive, or none. Throws ERR_ARCHIVE_*, ERR_PLATFORM_INVALID, and what unpacking throws. */
export async function loadArchive(
  store: Store,
  request: LoadRequest,
  { report, signal }: WorkControl<LoadEvent>,
): Promise<LoadResult> {
  const requested = {
    platform: request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform()),
    isRequired: request.platform !== undefined,
  };
  const { warnings } = await store.openDriver();
  for (const text of warnings) report({ type: 'warning', text });
  try {
    return await store.work('load', { signal }, async (work) => {
      await using files = await openFiles(request.input, work, report, signal);
      const { snapshotIds, record } = await loadImages({ store, work }, { files, requested }, { report, signal });
      return { snapshotIds, record: async () => ({ images: await record() }) };
    });
  } catch (error) {
    throw archiveFailure(error, request.input);
  }
}

/** Opens a folder or a bare tar in place, and unpacks any other archive into a scratch folder. */
async function openFiles(
  input: LoadRequest['input'],
  work: Work,
  report: Reporter<LoadEvent>,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  if (typeof input === 'string') {
    const form = formOf(input);
    if (form === 'folder') return new FolderFiles(input);
    const files = form === 'file' ? await openSeekableArchive(input, { signal }) : undefined;
    if (files !== undefined) return files;
  }
  await using opened = new AsyncDisposableStack();
  const scratch = opened.use(await work.scratch({ signal }));
  const files = opened.use(await spoolArchive(readInput(input, report, signal), scratch.path, { signal }));
  const owned = opened.move();
  return { find: (name) => files.find(name), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
