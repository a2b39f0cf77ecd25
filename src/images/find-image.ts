import { isStrataError, StrataError } from '../errors/index.ts';
import type { ImageRecord } from '../metadata/images.ts';
import type { Metadata } from '../metadata/metadata.ts';
import {
  formatName,
  formatReference,
  type ImageLookup,
  parseImageLookup,
  parseReference,
  type Reference,
} from '../reference/index.ts';
import type { Digest } from '../spec/digest.ts';
import { choosePlatform, formatPlatform, normalizePlatform, type Platform } from '../spec/platform.ts';

/** An image, and the name it was found by: a tag or digest of a target, or its own ID. */
export interface FoundImage {
  readonly id: Digest;
  /** The target it was found through; undefined for a look-up by ID. */
  readonly target: Digest | undefined;
  readonly reference: Reference | undefined;
}

/** Names of images and their targets: a slice of the metadata. */
export type ImageNames = Pick<Metadata, 'db' | 'events' | 'images' | 'tags' | 'targets'>;

const ambiguousLimit = 2;

/**
 * Finds an image in docker's order: by a whole ID or digest, by a reference, by the beginning of an ID. Of a target
 * with several platforms the best match for `platform` is taken. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS,
 * ERR_REFERENCE_INVALID.
 */
export function findImage(names: ImageNames, text: string, platform: Platform): FoundImage {
  // One state of the store: between two reads, a name may move to another target and its first one be collected.
  return names.db.read(() => find(names, text, platform));
}

/** {@link findImage} that returns undefined when there is no such image, or `text` cannot name one. */
export function findImageIfThere(names: ImageNames, text: string, platform: Platform): FoundImage | undefined {
  try {
    return findImage(names, text, platform);
  } catch (error) {
    if (isStrataError(error) && (error.kind === 'not-found' || error.kind === 'invalid-argument')) return undefined;
    throw error;
  }
}

function find(names: ImageNames, text: string, platform: Platform): FoundImage {
  const lookup = parseImageLookup(text);
  const named = findNamed(names, lookup, platform);
  if (named !== undefined) return named;
  const [id, ...others] =
    lookup.idPrefix === undefined ? [] : names.images.findByPrefix(`sha256:${lookup.idPrefix}`, ambiguousLimit);
  if (others.length > 0) {
    throw new StrataError({
      code: 'ERR_IMAGE_AMBIGUOUS',
      message: `image ${text}: several image IDs begin like that`,
      hint: 'Give more digits of the ID.',
    });
  }
  if (id !== undefined) return { id, target: undefined, reference: undefined };
  throw imageNotFound(lookup.reference === undefined ? text : nameWithTag(text));
}

/**
 * {@link findImage} by a name, a digest or a whole ID only, as FROM reads them: `FROM 5` must not build on whatever
 * image has an ID that begins with 5. Throws ERR_IMAGE_NOT_FOUND, ERR_REFERENCE_INVALID.
 */
export function findNamedImage(names: ImageNames, text: string, platform: Platform): FoundImage {
  const found = names.db.read(() => findNamed(names, parseImageLookup(text), platform));
  if (found !== undefined) return found;
  throw imageNotFound(nameWithTag(text));
}

function findNamed(names: ImageNames, { digest, reference }: ImageLookup, platform: Platform): FoundImage | undefined {
  if (digest !== undefined) {
    if (names.images.get(digest)) return { id: digest, target: undefined, reference: undefined };
    const found = chooseImage(names, digest, platform);
    if (found !== undefined) return { id: found, target: digest, reference: undefined };
  }
  if (reference === undefined) return undefined;
  const target = targetOf(names, reference);
  const found = target === undefined ? undefined : chooseImage(names, target, platform);
  return found === undefined ? undefined : { id: found, target, reference };
}

/**
 * {@link findImage} of the platform's own architecture only, with no other one to fall back on. Throws
 * ERR_IMAGE_NOT_FOUND also when the name has no image for the platform.
 */
export function findPlatformImage(names: ImageNames, text: string, platform: Platform): FoundImage {
  return names.db.read(() => findOfPlatform(names, text, platform));
}

function findOfPlatform(names: ImageNames, text: string, platform: Platform): FoundImage {
  const lookup = parseImageLookup(text);
  const target =
    (lookup.digest !== undefined && names.targets.get(lookup.digest)?.digest) ||
    (lookup.reference !== undefined && targetOf(names, lookup.reference));
  if (target) {
    const own = candidatesOf(names, target).filter((candidate) => isFor(platform, candidate.platform));
    const id = choosePlatform(platform, own)?.imageId;
    if (id !== undefined) return { id, target, reference: lookup.digest === undefined ? lookup.reference : undefined };
  } else {
    const found = findImage(names, text, platform);
    const record = names.images.get(found.id);
    if (record !== undefined && isFor(platform, platformOf(record))) return found;
  }
  throw new StrataError({
    code: 'ERR_IMAGE_NOT_FOUND',
    message: `image with reference ${text} was found but does not provide the specified platform (${formatPlatform(platform)})`,
    hint: 'Leave out the platform to take the image that is available.',
  });
}

function isFor(requested: Platform, platform: Platform): boolean {
  const [a, b] = [normalizePlatform(requested), normalizePlatform(platform)];
  return a.os === b.os && a.architecture === b.architecture;
}

/** Returns an ERR_IMAGE_NOT_FOUND in docker's words, which scripts look for. */
export const imageNotFound = (name: string): StrataError =>
  new StrataError({
    code: 'ERR_IMAGE_NOT_FOUND',
    message: `No such image: ${name}`,
    hint: 'List the images to see which there are, or build, load or import one.',
  });

/** Adds the default tag, which docker's message shows. */
const nameWithTag = (text: string): string =>
  /[:@]/.test(text.slice(text.lastIndexOf('/') + 1)) ? text : `${text}:latest`;

function targetOf(names: ImageNames, reference: Reference): Digest | undefined {
  if (reference.digest === undefined) return names.tags.get(formatReference(reference))?.target;
  // Beside a digest the tag has no meaning, but the repository must be one that has this target.
  const target = names.targets.get(reference.digest)?.digest;
  if (target === undefined) return undefined;
  const repository = formatName(reference);
  const named = names.tags.ofTarget(target).map((tag) => formatName(parseReference(tag.reference)));
  return named.includes(repository) ? target : undefined;
}

const candidatesOf = (
  { images, targets }: ImageNames,
  target: Digest,
): { readonly imageId: Digest; readonly platform: Platform }[] =>
  targets.imagesOf(target).flatMap(({ imageId }) => {
    const record = images.get(imageId);
    return record === undefined ? [] : [{ imageId, platform: platformOf(record) }];
  });

function chooseImage(names: ImageNames, target: Digest, platform: Platform): Digest | undefined {
  const candidates = candidatesOf(names, target);
  // Docker runs the only available platform, with a warning, rather than finding nothing.
  return (choosePlatform(platform, candidates) ?? (candidates.length === 1 ? candidates[0] : undefined))?.imageId;
}

const platformOf = ({ os, architecture, variant }: ImageRecord): Platform => ({
  os,
  architecture,
  ...(variant === undefined ? {} : { variant }),
});
