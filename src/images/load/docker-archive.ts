import { digestOf } from '../../content/verify.ts';
import { StrataError } from '../../errors/index.ts';
import { parseReference, type Reference } from '../../reference/index.ts';
import { parseImageConfig } from '../../spec/config.ts';
import { type ArchiveImage, archiveManifestName, parseArchiveManifest } from '../../spec/docker-archive.ts';
import { maxArchiveIndexBytes, maxConfigBytes } from '../../spec/limits.ts';
import { formatPlatform, platformRank } from '../../spec/platform.ts';
import { type ArchiveFiles, archiveInvalid, DocumentReader, quoteName, readWhole } from './archive-files.ts';
import type { ArchivedImage, RequestedPlatform } from './archived-image.ts';

/**
 * Returns the images of a `docker save` archive, old form and new, in its order. Throws ERR_ARCHIVE_*, and what parsing
 * throws.
 */
export function readDockerArchive(files: ArchiveFiles, requested: RequestedPlatform): ArchivedImage[] {
  const images = parseArchiveManifest(readWhole(files, archiveManifestName, maxArchiveIndexBytes));
  const documents = new DocumentReader(files);
  return images.map((image) => readImage(files, documents, image, requested));
}

function readImage(
  files: ArchiveFiles,
  documents: DocumentReader,
  image: ArchiveImage,
  { platform, isRequired }: RequestedPlatform,
): ArchivedImage {
  const bytes = documents.read(image.config, maxConfigBytes);
  const id = digestOf(bytes);
  const named = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1];
  if (named !== undefined && id !== `sha256:${named}`) {
    throw archiveInvalid(`archive file ${quoteName(image.config)}: its bytes are not what its name says`);
  }
  const config = parseImageConfig(bytes);
  const { diff_ids: diffIds } = config.value.rootfs;
  if (diffIds.length !== image.layers.length) {
    throw archiveInvalid(`archive image ${id}: ${image.layers.length} layers for ${diffIds.length} diffIDs`);
  }
  if (isRequired && platformRank(platform, config.value) === undefined) throw noSuchPlatform({ platform, isRequired });
  return {
    id,
    references: image.repoTags.map(tagOf),
    config,
    layers: diffIds.map((diffId, at) => {
      const name = image.layers[at] ?? '';
      return { diffId, name, file: files.find(name), descriptor: undefined };
    }),
    documents: undefined,
  };
}

/** Reads a tag. Throws ERR_REFERENCE_INVALID, and ERR_ARCHIVE_INVALID for a name without tag or with a digest. */
function tagOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined)
    throw archiveInvalid(`invalid tag ${quoteName(text)}`);
  return reference;
}

export const noSuchPlatform = ({ platform, isRequired }: RequestedPlatform): StrataError =>
  new StrataError({
    code: 'ERR_ARCHIVE_PLATFORM',
    message: `archive: has no image for ${formatPlatform(platform)}`,
    hint: isRequired
      ? 'Leave out the platform to take the image for this machine, or save the image for that platform.'
      : 'Give the platform of an image in the archive.',
  });
