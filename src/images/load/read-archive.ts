import { StrataError } from '../../errors/index.ts';
import { archiveManifestName, archiveRepositoriesName } from '../../spec/docker-archive.ts';
import { layoutFileName, layoutIndexName } from '../../spec/oci-layout.ts';
import { type ArchiveFiles, archiveInvalid } from './archive-files.ts';
import type { ArchivedImage, PlatformWish } from './archived-image.ts';
import { readDockerArchive } from './docker-archive.ts';
import { hasChoice, readOciLayout } from './oci-layout.ts';

/**
 * Returns the images of an archive. One that is both a layout and docker's, as docker writes since version 25, is read
 * as a layout, because only that keeps manifests and their digests; images missing from its index are added.
 * @throws ERR_ARCHIVE_FORMAT, ERR_ARCHIVE_INVALID, and what the readers of the two forms throw
 */
export async function readArchive(files: ArchiveFiles, wish: PlatformWish): Promise<ArchivedImage[]> {
  const images = await readKnownForm(files, wish);
  if (images.length === 0) throw archiveInvalid('archive: holds no image');
  return images;
}

/**
 * Returns the images that only manifest.json names. Docker leaves images saved by ID out of index.json: all in 25.0
 * (moby#47210), all but the last one later (moby#51389). When a layout offers several platforms, manifest.json is
 * ignored: it may name another one.
 */
function leftOut(files: ArchiveFiles, wish: PlatformWish, images: readonly ArchivedImage[]): ArchivedImage[] {
  if (files.find(archiveManifestName) === undefined || hasChoice(files)) return [];
  const known = new Set(images.map(({ id }) => id));
  return readDockerArchive(files, wish).filter(({ id }) => !known.has(id));
}

async function readKnownForm(files: ArchiveFiles, wish: PlatformWish): Promise<ArchivedImage[]> {
  if (files.find(layoutFileName) && files.find(layoutIndexName)) {
    const images = await readOciLayout(files, wish);
    return [...images, ...leftOut(files, wish, images)];
  }
  if (files.find(archiveManifestName)) return readDockerArchive(files, wish);
  const isVersion1 = files.find(archiveRepositoriesName) !== undefined;
  throw new StrataError({
    code: 'ERR_ARCHIVE_FORMAT',
    message: isVersion1
      ? 'archive: written by docker before version 1.10, without manifest.json'
      : 'archive: neither manifest.json nor oci-layout and index.json in it',
    hint: 'It must come from "save" of docker, podman or strata, or be an OCI image layout; "import" takes a bare filesystem.',
  });
}
