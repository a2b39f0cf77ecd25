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

/** An image to be saved, and the names it gets in the archive. */
export interface ChosenImage {
  readonly id: Digest;
  /** Of the manifest that names its config; undefined when only the config is known. */
  readonly manifest: Digest | undefined;
  readonly references: readonly Reference[];
}

export interface ChooseOptions extends AbortOptions {
  readonly platform: Platform;
  /** Nothing else than this platform will do. */
  readonly isRequired: boolean;
  /** Keeps manifests of one image apart (one has gzip layers, another zstd ones). */
  readonly perManifest: boolean;
  /** Keeps what was chosen from now on. */
  readonly lease: StoreLease;
}

/**
 * What `docker save NAME…` means: a repository alone is all its tags, a tag that tag, an ID or digest the image without
 * a name. Each comes once. Throws as `findImage` does.
 */
export async function chooseImages(
  index: ImageNames,
  names: readonly string[],
  options: ChooseOptions,
): Promise<ChosenImage[]> {
  // One transaction: no name that was listed is gone, and no image, when it is looked up and pinned.
  return await options.lease.withPins((pin) => choose(index, names, options, pin));
}

function choose(index: ImageNames, names: readonly string[], options: ChooseOptions, pin: Pin): ChosenImage[] {
  const chosen = new Map<string, ChosenImage>();
  const find = options.isRequired ? findPlatformImage : findImage;
  for (const text of names.flatMap((name) => tagsOf(index, name) ?? [name])) {
    const { id, target, reference } = pinFound(pin, find(index, text, options.platform));
    const manifest = manifestOfImage(index, id, target, pin);
    const key = options.perManifest ? `${id} ${manifest}` : id;
    const standing = chosen.get(key);
    const named =
      reference?.tag === undefined ? [] : [{ domain: reference.domain, path: reference.path, tag: reference.tag }];
    chosen.set(key, {
      id,
      manifest: standing?.manifest ?? manifest,
      references: uniqueReferences([...(standing?.references ?? []), ...named]),
    });
  }
  return [...chosen.values()];
}

/** The tags of a name that is a repository alone, if there is one. */
function tagsOf({ tags }: ImageNames, name: string): string[] | undefined {
  const { reference, digest } = parseImageLookup(name);
  if (digest !== undefined || reference === undefined || parseReference(name).tag !== undefined) return undefined;
  if (reference.digest !== undefined) return undefined;
  const repository = formatName(reference);
  const found = tags.list().filter(({ reference: text }) => formatName(parseReference(text)) === repository);
  return found.length === 0 ? undefined : found.map(({ reference: text }) => text);
}
