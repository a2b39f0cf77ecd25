import { digestOf } from '../../content/verify.ts';
import { isStrataError } from '../../errors/index.ts';
import { parseReference, type Reference, withDefaultTag } from '../../reference/index.ts';
import { annotationKeys } from '../../spec/annotation-keys.ts';
import { parseImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import { type Digest, digestAlgorithm } from '../../spec/digest.ts';
import { maxArchiveIndexBytes, maxConfigBytes, maxManifestBytes } from '../../spec/limits.ts';
import { type Index, type Manifest, pairLayers, parseDocument, parseIndex } from '../../spec/manifest.ts';
import { isConfig, isIndex, isManifest } from '../../spec/media-types.ts';
import {
  type LayoutEntry,
  layoutBlobPath,
  layoutEntries,
  layoutFileName,
  layoutIndexName,
  parseLayoutFile,
} from '../../spec/oci-layout.ts';
import type { Parsed } from '../../spec/parsed.ts';
import { choosePlatform, type Platform } from '../../spec/platform.ts';
import type { StoredDocument } from '../assemble-image.ts';
import { walk } from '../walk.ts';
import { type ArchiveFiles, archiveInvalid, DocumentReader, readWhole } from './archive-files.ts';
import type { ArchivedImage, RequestedPlatform } from './archived-image.ts';
import { noSuchPlatform } from './docker-archive.ts';

/**
 * Returns the images of an OCI layout, in its order; of an index the image for the requested platform. Skips artifacts.
 * Throws ERR_ARCHIVE_*, ERR_LAYOUT_VERSION, and what parsing throws.
 */
export async function readOciLayout(files: ArchiveFiles, requested: RequestedPlatform): Promise<ArchivedImage[]> {
  parseLayoutFile(readWhole(files, layoutFileName, maxArchiveIndexBytes));
  const reader = new LayoutReader(files, requested);
  const images: ArchivedImage[] = [];
  for (const { descriptor, references } of groupByTarget(layoutEntries(readIndex(files)), requested)) {
    const image = await reader.read(descriptor, references);
    if (image !== undefined) images.push(image);
  }
  return images;
}

/** Returns true when the index of a layout leads to images for several platforms, or may. */
export function hasSeveralPlatforms(files: ArchiveFiles): boolean {
  return readIndex(files).manifests.some(({ mediaType, platform }) => isIndex(mediaType) || platform !== undefined);
}

const readIndex = (files: ArchiveFiles): Index =>
  parseIndex(readWhole(files, layoutIndexName, maxArchiveIndexBytes)).value;

interface NamedTarget {
  readonly descriptor: Descriptor;
  readonly references: readonly Reference[];
}

/** Returns each target once, with all its names. Entries of one name for several platforms are one image. */
function groupByTarget(entries: readonly LayoutEntry[], { platform, isRequired }: RequestedPlatform): NamedTarget[] {
  const named = entries.filter(({ descriptor: { mediaType } }) => isIndex(mediaType) || isManifest(mediaType));
  const groups = Map.groupBy(named, ({ imageName, refName }) => imageName ?? refName ?? '');
  const chosen = [...groups.values()].flatMap((group) => {
    const isOneImage = group.length > 1 && group.every(({ descriptor }) => descriptor.platform !== undefined);
    if (!isOneImage) return group;
    const descriptor = choosePlatform(
      platform,
      group.map((entry) => entry.descriptor),
    );
    if (descriptor === undefined && isRequired) throw noSuchPlatform({ platform, isRequired });
    return group.filter((entry) => entry.descriptor === (descriptor ?? entry.descriptor));
  });
  const targets = Map.groupBy(chosen, ({ descriptor }) => descriptor.digest);
  return [...targets.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ descriptor: first.descriptor, references: group.flatMap(referencesOf) }];
  });
}

/**
 * Returns the names of an entry. A bare tag (`latest`, as the specification and most tools write it) does not name the
 * repository; such an image gets no name.
 */
function referencesOf({ imageName, refName }: LayoutEntry): Reference[] {
  const text = imageName ?? (refName !== undefined && /[/:]/.test(refName) ? refName : undefined);
  if (text === undefined) return [];
  try {
    const { digest: _, ...reference } = parseReference(text);
    return [withDefaultTag(reference)];
  } catch (error) {
    // The annotation may hold any text.
    if (isStrataError(error, 'ERR_REFERENCE_INVALID')) return [];
    throw error;
  }
}

interface Leaf {
  readonly descriptor: Descriptor;
  readonly platform: Platform;
}

/** False for attestations, which docker lists in the index of the image. */
const isOfImage = ({ annotations }: Descriptor): boolean =>
  annotations?.[annotationKeys.dockerReferenceType] === undefined;

class LayoutReader {
  readonly #files: ArchiveFiles;
  readonly #documents: DocumentReader;
  readonly #requested: RequestedPlatform;

  constructor(files: ArchiveFiles, requested: RequestedPlatform) {
    this.#files = files;
    this.#documents = new DocumentReader(files);
    this.#requested = requested;
  }

  /** Returns undefined for an artifact. */
  async read(descriptor: Descriptor, references: readonly Reference[]): Promise<ArchivedImage | undefined> {
    const target = { descriptor, bytes: this.#blob(descriptor, maxManifestBytes) };
    if (isManifest(descriptor.mediaType)) return this.#image(target, target, references);
    const leaf = this.#choose(await this.#leavesOf(target));
    const manifest = { descriptor: leaf, bytes: this.#blob(leaf, maxManifestBytes) };
    return this.#image(manifest, target, references);
  }

  #image(
    manifest: StoredDocument,
    target: StoredDocument,
    references: readonly Reference[],
  ): ArchivedImage | undefined {
    const { value } = this.#manifest(manifest);
    if (!isConfig(value.config.mediaType)) return undefined;
    const config = parseImageConfig(this.#blob(value.config, maxConfigBytes));
    return {
      id: value.config.digest,
      references,
      config,
      layers: pairLayers(value, config.value).map(({ descriptor, diffId }) => {
        const name = layoutBlobPath(descriptor.digest);
        return { diffId, name, file: this.#files.find(name), descriptor };
      }),
      documents: { manifest, target },
    };
  }

  #manifest({ descriptor, bytes }: StoredDocument): Parsed<Manifest> {
    const parsed = parseDocument(bytes, { mediaType: descriptor.mediaType });
    if (parsed.kind === 'manifest') return parsed;
    throw archiveInvalid(`archive manifest ${descriptor.digest}: is an index`);
  }

  /** Returns every image that an index leads to, once. A manifest is read only if the index lacks its platform. */
  async #leavesOf({ descriptor: target, bytes }: StoredDocument): Promise<Leaf[]> {
    const leaves = new Map<Digest, Leaf>();
    const nodes = walk(target, {
      read: (descriptor) => (descriptor === target ? bytes : this.#readIfThere(descriptor)),
      follows: (entry) => isOfImage(entry) && (isIndex(entry.mediaType) || entry.platform === undefined),
    });
    for await (const node of nodes) {
      if (node.kind === 'index') {
        for (const entry of node.document.value.manifests) {
          const { digest, mediaType, platform } = entry;
          if (isOfImage(entry) && isManifest(mediaType) && platform !== undefined && !leaves.has(digest))
            leaves.set(digest, { descriptor: entry, platform });
        }
      } else if (node.kind === 'manifest' && isConfig(node.document.value.config.mediaType)) {
        const { value } = parseImageConfig(this.#blob(node.document.value.config, maxConfigBytes));
        leaves.set(node.descriptor.digest, { descriptor: node.descriptor, platform: value });
      }
    }
    return [...leaves.values()];
  }

  /** Reads an index, which must exist, or a manifest, of which an archive may hold only some. */
  #readIfThere(descriptor: Descriptor): Uint8Array | undefined {
    const isThere = isIndex(descriptor.mediaType) || this.#files.find(layoutBlobPath(descriptor.digest)) !== undefined;
    return isThere ? this.#blob(descriptor, maxManifestBytes) : undefined;
  }

  #choose(leaves: readonly Leaf[]): Descriptor {
    const { platform, isRequired } = this.#requested;
    const here = leaves.filter(({ descriptor }) => this.#files.find(layoutBlobPath(descriptor.digest)) !== undefined);
    const [only, ...others] = here;
    const chosen =
      choosePlatform(platform, here) ??
      choosePlatform(platform, leaves) ??
      // Docker runs the only available platform, rather than finding nothing.
      (isRequired || others.length > 0 ? undefined : only);
    if (chosen === undefined) throw noSuchPlatform(this.#requested);
    return chosen.descriptor;
  }

  /** Reads a document and checks it against its descriptor. */
  #blob({ digest, size }: Descriptor, maxBytes: number): Uint8Array {
    const bytes = this.#documents.read(layoutBlobPath(digest), maxBytes);
    if (bytes.length === size && digestOf(bytes, digestAlgorithm(digest)) === digest) return bytes;
    throw archiveInvalid(`archive blob ${digest}: its bytes are not what its digest and size say`);
  }
}
