import { posix } from 'node:path';
import { isStrataError } from '../../errors/index.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import { utf8 } from '../../lib/bytes.ts';
import type { Store } from '../../store/store.ts';
import { type CopyPath, formatCopyPath, parseCopyPath } from '../containers/copy/copy-path.ts';
import { copyNotFound, copyRefusal, withoutSlashHint } from '../containers/copy/failures.ts';
import { copyOntoHost, writeArchive } from '../containers/copy/onto-host.ts';
import type { CopyFromRequest } from '../containers/verbs/copy.ts';
import type { ImageLookUpOptions } from './image-types.ts';
import { type OpenImage, openImage } from './open-image.ts';

/** A copy out of an image. The same as out of a container; `path` starts at the image's root. */
export type CopyFromImageRequest = CopyFromRequest & ImageLookUpOptions;

/**
 * Copies out of an image by docker's naming rules. Returns the size of the tar in bytes. Throws as `findRequestedImage`,
 * ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
 */
export async function copyFromImage(store: Store, name: string, request: CopyFromImageRequest): Promise<number> {
  const { to, keepOwners = false, followLink = false, signal } = request;
  await using image = await openImage(store, name, request);
  const from = parseCopyPath(request.path, '/');
  const file = await fileOf(image, name, from, followLink);
  const own = from.isContent ? undefined : posix.basename(from.path);
  const chunksOf = (as: Uint8Array | undefined): AsyncIterable<Uint8Array> =>
    image.tar({ path: file.path, followLink: false, name: as ?? utf8(own ?? '.'), signal });
  if (typeof to !== 'string') return await writeArchive(chunksOf(undefined), to, { signal });
  return await copyOntoHost({ name: own, isDirectory: file.kind === 'directory', chunksOf }, to, {
    keepOwners,
    signal,
  });
}

async function fileOf(image: OpenImage, name: string, from: CopyPath, followLink: boolean): Promise<MergedFile> {
  let file: MergedFile;
  try {
    file = await image.file(from.path, { followLink: followLink || from.isDirectory });
  } catch (error) {
    if (!isStrataError(error, 'ERR_FILE_NOT_FOUND')) throw error;
    throw copyNotFound(
      `Could not find the file ${formatCopyPath(from)} in image ${name}`,
      'List the files of the image to see which there are.',
    );
  }
  if (from.isDirectory && file.kind !== 'directory') {
    throw copyRefusal(`lstat ${from.path}/: not a directory`, withoutSlashHint);
  }
  return file;
}
