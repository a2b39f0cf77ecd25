import type { AbortOptions } from '../../lib/abort.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { Pin } from '../../metadata/objects.ts';
import { formatName, parseImageLookup, parseReference, type Reference } from '../../reference/index.ts';
import { uniqueReferences } from '../../reference/unique-references.ts';
import type { Digest } from '../../spec/digest.ts';
import type { Platform } from '../../spec/platform.ts';
import { findImage, findPlatformImage, type ImageNames } from '../find-image.ts';
import { pinFound } from '../hold-image.ts';
import { manifestOfImage } from '../manifest-of-image.ts';

/** An image to save, and its names in the archive. */
export interface ChosenImage {
  readonly id: Digest;
  /** Digest of the manifest that names its config; undefined when only the config is known. */
  readonly manifest: Digest | undefined;
  readonly references: readonly Reference[];
}

export interface ChooseOptions extends AbortOptions {
  readonly platform: Platform;
  /** True when no other platform may take its place. */
  readonly isRequired: boolean;
  /** Treats manifests of one image as several images (one has gzip layers, another zstd ones). */
  readonly perManifest: boolean;
  /** Keeps the chosen images from now on. */
  readonly lease: StoreLease;
}

/**
 * Finds the images of `docker save NAME…`: a repository alone stands for all its tags; an ID or digest gives the image
 * without a name. Each image is returned once. Throws as `findImage` does.
 */
export async function chooseImages(
  imageNames: ImageNames,
  names: readonly string[],
  options: ChooseOptions,
): Promise<ChosenImage[]> {
  // One transaction, so that no name or image is removed between being listed and being pinned.
  return await options.lease.withPins((pin) => choose(imageNames, names, options, pin));
}

function choose(imageNames: ImageNames, names: readonly string[], options: ChooseOptions, pin: Pin): ChosenImage[] {
  const chosen = new Map<string, ChosenImage>();
  const find = options.isRequired ? findPlatformImage : findImage;
  for (const text of names.flatMap((name) => tagsOf(imageNames, name) ?? [name])) {
    const { id, target, reference } = pinFound(pin, find(imageNames, text, options.platform));
    const manifest = manifestOfImage(imageNames, id, target, pin);
    const key = options.perManifest ? `${id} ${manifest}` : id;
    const existing = chosen.get(key);
    const named =
      reference?.tag === undefined ? [] : [{ domain: reference.domain, path: reference.path, tag: reference.tag }];
    chosen.set(key, {
      id,
      manifest: existing?.manifest ?? manifest,
      references: uniqueReferences([...(existing?.references ?? []), ...named]),
    });
  }
  return [...chosen.values()];
}

/** Returns all tags of a name without tag and digest; undefined for any other name, and when there are no tags. */
function tagsOf({ tags }: ImageNames, name: string): string[] | undefined {
  const { reference, digest } = parseImageLookup(name);
  if (digest !== undefined || reference === undefined || parseReference(name).tag !== undefined) return undefined;
  if (reference.digest !== undefined) return undefined;
  const repository = formatName(reference);
  const found = tags.list().filter(({ reference: text }) => formatName(parseReference(text)) === repository);
  return found.length === 0 ? undefined : found.map(({ reference: text }) => text);
}
