import { isStrataError, StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import {
  familiarName,
  familiarString,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../reference/index.ts';
import type { Digest } from '../spec/digest.ts';
import type { Platform } from '../spec/platform.ts';
import { findImage, type ImageNames, imageNotFound } from './find-image.ts';
import { addImageEvent } from './image-event.ts';

export interface TaggedImage {
  readonly id: Digest;
  readonly target: Digest;
  readonly reference: Reference;
}

/**
 * Adds the name `target` to the image that `source` names. Another image with that name loses it. Idempotent. Throws
 * ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS.
 */
export async function tagImage(
  store: ImageNames,
  source: string,
  target: string,
  { platform, signal }: AbortOptions & { readonly platform: Platform },
): Promise<TaggedImage> {
  const reference = toNewTag(parseNewName(target));
  const write = (): TaggedImage => {
    const { id, target: known } = findImage(store, source, platform);
    const digest = known ?? targetOf(store, id);
    if (digest === undefined) throw imageNotFound(source);
    store.tags.set(formatReference(reference), digest);
    addImageEvent(store, id, 'tag', familiarString(reference));
    return { id, target: digest, reference };
  };
  return await store.db.transact(write, { signal });
}

/** Returns the target of an image named by its ID: its own manifest rather than an index of several platforms. */
function targetOf({ targets }: ImageNames, id: Digest): Digest | undefined {
  const all = targets.targetsOf(id);
  return all.find((digest) => targets.imagesOf(digest).some(({ manifest }) => manifest === digest)) ?? all[0];
}

/** Returns a valid new name for an image, with the default tag if it has none. Throws ERR_TAG_REFUSED. */
export function toNewTag(parsed: Reference): Reference {
  const reference = withDefaultTag(parsed);
  const text = formatReference(reference);
  if (reference.digest !== undefined)
    throw tagRefusal('refusing to create a tag with a digest reference', 'Leave out the digest, from the @ on.', text);
  if (familiarName(reference) === 'sha256') {
    throw tagRefusal(
      'refusing to create an ambiguous tag using digest algorithm as name',
      'Choose another name than sha256.',
      text,
    );
  }
  return reference;
}

function parseNewName(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!isStrataError(error, 'ERR_REFERENCE_INVALID')) throw error;
    throw new StrataError({
      code: 'ERR_REFERENCE_INVALID',
      message: `Error parsing reference: ${JSON.stringify(text.slice(0, 256))} is not a valid repository/tag: ${error.message}`,
      hint: 'Write a tag as [registry/]repository[:tag], the repository in lower case.',
      cause: error,
    });
  }
}

const tagRefusal = (message: string, hint: string, reference: string): StrataError =>
  new StrataError({ code: 'ERR_TAG_REFUSED', message, hint, details: { reference } });
