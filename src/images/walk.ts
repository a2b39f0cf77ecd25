import { StrataError } from '../errors/index.ts';
import type { Descriptor } from '../spec/descriptor.ts';
import type { Digest } from '../spec/digest.ts';
import { maxIndexDepth } from '../spec/limits.ts';
import { type Index, type Manifest, parseDocument } from '../spec/manifest.ts';
import { isIndex, isManifest } from '../spec/media-types.ts';
import type { Document } from './image/image.ts';

/** A node of a walk. A document is verified by the reader; of a blob only the descriptor is known. */
export type WalkNode =
  | { readonly kind: 'index'; readonly descriptor: Descriptor; readonly document: Document<Index> }
  | { readonly kind: 'manifest'; readonly descriptor: Descriptor; readonly document: Document<Manifest> }
  | { readonly kind: 'config' | 'layer'; readonly descriptor: Descriptor; readonly of: Document<Manifest> }
  /** A document whose bytes are not stored, such as that of a platform that was not pulled. */
  | { readonly kind: 'absent'; readonly descriptor: Descriptor }
  /** An entry of an index that is neither index nor manifest. */
  | { readonly kind: 'unknown'; readonly descriptor: Descriptor };

export interface WalkOptions {
  /** Returns the verified bytes of a document of at most 4 MiB; undefined when they are not stored. */
  readonly read: (descriptor: Descriptor) => Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Returns true for the entries of an index to walk. Default: all. */
  readonly follows?: (entry: Descriptor) => boolean;
}

/**
 * Walks everything that a target leads to, parents first and each digest once: indexes, manifests, their configs and
 * layers. Every verb that follows descriptors uses this walk: load and save, the check, later pull and push.
 * @throws ERR_IMAGE_INDEX_DEPTH above four levels of indexes, and what `read` and parsing a document throw
 */
export async function* walk(target: Descriptor, options: WalkOptions): AsyncGenerator<WalkNode, void> {
  yield* visit(target, options, { depth: maxIndexDepth, seen: new Set([target.digest]) });
}

interface Position {
  /** Levels of indexes that may still follow. */
  readonly depth: number;
  readonly seen: Set<Digest>;
}

async function* visit(
  descriptor: Descriptor,
  options: WalkOptions,
  { depth, seen }: Position,
): AsyncGenerator<WalkNode, void> {
  const { mediaType } = descriptor;
  if (!isIndex(mediaType) && !isManifest(mediaType)) return yield { kind: 'unknown', descriptor };
  if (isIndex(mediaType) && depth === 0) throw tooDeep(descriptor);
  const bytes = await options.read(descriptor);
  if (bytes === undefined) return yield { kind: 'absent', descriptor };
  const parsed = parseDocument(bytes, { mediaType });
  if (parsed.kind === 'index') {
    yield { kind: 'index', descriptor, document: { descriptor, bytes, value: parsed.value } };
    for (const entry of parsed.value.manifests) {
      // An entry that is repeated a thousand times is read once.
      if (seen.has(entry.digest) || options.follows?.(entry) === false) continue;
      seen.add(entry.digest);
      yield* visit(entry, options, { depth: depth - 1, seen });
    }
    return;
  }
  const document = { descriptor, bytes, value: parsed.value };
  yield { kind: 'manifest', descriptor, document };
  const { config, layers } = parsed.value;
  for (const [kind, blob] of [['config', config] as const, ...layers.map((layer) => ['layer', layer] as const)]) {
    if (seen.has(blob.digest)) continue;
    seen.add(blob.digest);
    yield { kind, descriptor: blob, of: document };
  }
}

const tooDeep = ({ digest }: Descriptor): StrataError =>
  new StrataError({
    code: 'ERR_IMAGE_INDEX_DEPTH',
    message: `index ${digest}: more than ${maxIndexDepth} levels deep`,
    hint: 'No tool makes such images: do not trust its source.',
  });
