import type { ContentStore } from '../content/types.ts';
import { chainIds } from '../layer/chain-id.ts';
import type { Lease } from '../ledger/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { ObjectRef } from '../metadata/objects.ts';
import { familiarString, formatReference, type Reference } from '../reference/index.ts';
import type { ImageConfig } from '../spec/config.ts';
import type { Descriptor } from '../spec/descriptor.ts';
import type { Digest } from '../spec/digest.ts';
import type { LayerSizes } from '../store/layers/types.ts';
import type { Work } from '../store/work/types.ts';
import type { AssembledImage, StoredDocument } from './assemble-image.ts';
import type { ImageNames } from './find-image.ts';
import { addImageEvent } from './image-event.ts';
import { storeBlob } from './store-blob.ts';

/** An image recorded in the store, from an archive, a build, a container or another image. */
export interface RecordedImage {
  readonly id: Digest;
  /** Digest of the target of its names: its manifest, or an index that leads to it. */
  readonly target: Digest;
  /** Its new names, in the familiar form. */
  readonly references: readonly string[];
  /** Sum of the file sizes of all layers. */
  readonly sizeBytes: number;
}

type SizedLayer = Pick<LayerSizes, 'sizeBytes'>;

export interface RecordImageOptions extends AbortOptions {
  /** All layers of the image, from the base up. */
  readonly layers: readonly SizedLayer[];
  readonly references: readonly Reference[];
  /** Called in the transaction that writes the image's rows. */
  readonly also?: (id: Digest) => void;
}

/**
 * Stores a new image and points its names at it: first the documents, durably, then all rows in one transaction, so
 * that a crash leaves either nothing or a whole image. Without names the image stays as `<none>`. Idempotent.
 */
export async function recordImage(
  names: ImageNames,
  work: Pick<Work, 'content' | 'lease'>,
  image: AssembledImage,
  options: RecordImageOptions,
): Promise<RecordedImage> {
  const { signal, references, layers } = options;
  const { content, lease } = work;
  for (const document of [image.config, image.manifest]) await storeDocument(content, document, { signal, lease });
  const id = image.config.descriptor.digest;
  const target = image.manifest.descriptor;
  const { value } = image.config;
  const rows = { id, config: value, target, manifest: target.digest, links: [], layers, references };
  const write = (): RecordedImage => {
    const recorded = putImageRows(names, rows, lease);
    options.also?.(id);
    return recorded;
  };
  return await names.db.transact(write, { signal });
}

/** The rows of an image whose documents and layers are stored. */
export interface ImageRows {
  readonly id: Digest;
  readonly config: ImageConfig;
  /** Target of its names: the manifest, or an index that leads to it. */
  readonly target: Descriptor;
  readonly manifest: Digest;
  /** Further objects that the target keeps. */
  readonly links: readonly ObjectRef[];
  /** From the base up. */
  readonly layers: readonly SizedLayer[];
  readonly references: readonly Reference[];
}

/** Records an image inside the caller's transaction. Idempotent. */
export function putImageRows(names: ImageNames, image: ImageRows, lease: Lease): RecordedImage {
  const { id, config, target, references } = image;
  const sizeBytes = image.layers.reduce((total, layer) => total + layer.sizeBytes, 0);
  names.db.write(() => {
    const chains = chainIds(config.rootfs.diff_ids);
    names.images.put(
      {
        id,
        os: config.os,
        architecture: config.architecture,
        variant: config.variant,
        sizeBytes,
        labels: config.config.Labels ?? {},
        madeAt: config.created === undefined ? undefined : Date.parse(config.created),
        layers: config.rootfs.diff_ids.flatMap((diffId, at) => {
          const chainId = chains[at];
          return chainId === undefined ? [] : [{ diffId, chainId }];
        }),
      },
      lease,
    );
    names.targets.put(
      {
        digest: target.digest,
        mediaType: target.mediaType,
        sizeBytes: target.size,
        links: image.links,
        images: [{ imageId: id, manifest: image.manifest }],
      },
      lease,
    );
    names.targets.setKept(target.digest, true);
    for (const reference of references) {
      names.tags.set(formatReference(reference), target.digest);
      addImageEvent(names, id, 'tag', familiarString(reference));
    }
  });
  return { id, target: target.digest, references: references.map(familiarString), sizeBytes };
}

/** Stores a document; durable once this resolves. Throws as the content store does. */
export async function storeDocument(
  content: ContentStore,
  { bytes, descriptor }: StoredDocument,
  options: AbortOptions & { readonly lease: Lease },
): Promise<void> {
  const { digest, size: sizeBytes } = descriptor;
  await storeBlob(content, [bytes], { digest, sizeBytes }, options);
}
