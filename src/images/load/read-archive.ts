import { StrataError } from '../../errors/index.ts';
import { archiveManifestName, archiveRepositoriesName } from '../../spec/docker-archive.ts';
import { layoutFileName, layoutIndexName } from '../../spec/oci-layout.ts';
import { type ArchiveFiles, archiveInvalid } from './archive-files.ts';
import type { ArchivedImage, RequestedPlatform } from './archived-image.ts';
import { readDockerArchive } from './docker-archive.ts';
import { hasSeveralPlatforms, readOciLayout } from './oci-layout.ts';

/**
 * Returns the images of an archive. One that is both a layout and docker's, as docker writes since version 25, is read
 * as a layout, because only that keeps manifests and their digests; images missing from its index are added.
 * @throws ERR_ARCHIVE_FORMAT, ERR_ARCHIVE_INVALID, and what the readers of the two forms throw
 */
export async function readArchive(files: ArchiveFiles, requested: RequestedPlatform): Promise<ArchivedImage[]> {
  const images = await readKnownForm(files, requested);
  if (images.length === 0) throw archiveInvalid('archive: holds no image');
  return images;
}

/**
 * Returns the images that only manifest.json names. Docker leaves images saved by ID out of index.json: all in 25.0
 * (moby#47210), all but the last one later (moby#51389). When a layout offers several platforms, manifest.json is
 * ignored: it may name another one.
 */
function imagesMissingFromIndex(
  files: ArchiveFiles,
  requested: RequestedPlatform,
  images: readonly ArchivedImage[],
): ArchivedImage[] {
  if (files.find(archiveManifestName) === undefined || hasSeveralPlatforms(files)) return [];
  const known = new Set(images.map(({ id }) => id));
  return readDockerArchive(files, requested).filter(({ id }) => !known.has(id));
}

async function readKnownForm(files: ArchiveFiles, requested: RequestedPlatform): Promise<ArchivedImage[]> {
  if (files.find(layoutFileName) && files.find(layoutIndexName)) {
    const images = await readOciLayout(files, requested);
    return [...images, ...imagesMissingFromIndex(files, requested, images)];
  }
  if (files.find(archiveManifestName)) return readDockerArchive(files, requested);
  const isVersion1 = files.find(archiveRepositoriesName) !== undefined;
  throw new StrataError({
    code: 'ERR_ARCHIVE_FORMAT',
    message: isVersion1
      ? 'archive: written by docker before version 1.10, without manifest.json'
      : 'archive: neither manifest.json nor oci-layout and index.json in it',
    hint: 'Give an archive written by "save" of docker, podman or strata, or an OCI image layout. For a bare filesystem, use "import".',
  });
}
