import { StrataError } from '../errors/index.ts';
import { utf8 } from '../lib/bytes.ts';
import { present } from '../lib/present.ts';
import type { ImageConfig } from './config.ts';
import { type Descriptor, descriptorKeys, formatDescriptor, readDescriptor, readMediaType } from './descriptor.ts';
import type { DiffId } from './digest.ts';
import { JsonFields, type StringMap } from './fields.ts';
import { maxIndexEntries, maxLayers, maxManifestBytes } from './limits.ts';
import { isIndex, isManifest, isSchema1, mediaTypes } from './media-types.ts';
import { parseJson } from './parse-json.ts';
import type { Parsed, Rules } from './parsed.ts';

/** Fields that manifests and indexes have in common. */
export interface DocumentFields {
  readonly schemaVersion: 2;
  /** The document's own type, else the expected one, else OCI's for its shape. */
  readonly mediaType: string;
  readonly artifactType?: string;
  /** The document that this one describes (as a signature, SBOM or attestation): the other end of the referrers API. */
  readonly subject?: Descriptor;
  readonly annotations?: StringMap;
}

/** One platform's image, or an artifact. */
export interface Manifest extends DocumentFields {
  readonly config: Descriptor;
  /** From the base up. */
  readonly layers: readonly Descriptor[];
}

/** Several manifests (or indexes) under one name, most often one for each platform. */
export interface Index extends DocumentFields {
  readonly manifests: readonly Descriptor[];
}

export type ParsedDocument =
  | (Parsed<Manifest> & { readonly kind: 'manifest' })
  | (Parsed<Index> & { readonly kind: 'index' });

export interface ParseManifestOptions {
  /** The expected type: a descriptor's mediaType, or an HTTP Content-Type without parameters. */
  readonly mediaType?: string | undefined;
  readonly rules?: Rules | undefined;
}

// One list for both kinds, so that a key in another case is refused in either; `fsLayers` is schema 1's.
const knownKeys = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
] as const;

function schema1Refusal(): StrataError {
  return new StrataError({
    code: 'ERR_MANIFEST_SCHEMA1',
    message: 'manifest: Docker image format version 1 (schema 1) is no longer supported',
    hint: 'Push the image again with a current tool, or convert it with "skopeo copy --format v2s2".',
  });
}

/** Returns the type of a document. Its own and the expected one may not differ (CVE-2021-41190). */
function readDocumentType(fields: JsonFields, expected: string | undefined): string {
  const own = readMediaType(fields, 'mediaType');
  if (isSchema1(own ?? expected ?? '') || fields.has('fsLayers')) throw schema1Refusal();
  const version = fields.integer('schemaVersion');
  if (version === 1) throw schema1Refusal();
  if (version !== 2)
    throw fields.fail('schemaVersion', version === undefined ? 'is missing' : `must be 2, not ${version}`);
  if (own !== undefined && expected !== undefined && own !== expected) {
    throw fields.fail('mediaType', `is ${own}, but the document came as ${expected.slice(0, 100)}`);
  }
  const isList = fields.has('manifests');
  const isImage = fields.has('layers') || fields.has('config');
  if (isList && isImage) throw fields.fail('', 'has the fields of a manifest and of an index');
  const type = own ?? expected ?? (isList ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (isManifest(type) ? isList : isIndex(type) && isImage) {
    throw fields.fail('', `is called ${type}, but has the fields of another type`);
  }
  if (isManifest(type) || isIndex(type)) return type;
  throw new StrataError({
    code: 'ERR_MANIFEST_TYPE',
    message: `manifest: unsupported media type ${type.slice(0, 255)}`,
    hint: 'Give a manifest or an index, of OCI or of Docker (schema 2).',
  });
}

function readCommon(fields: JsonFields, mediaType: string, rules: Rules): DocumentFields {
  const subject = fields.object('subject', descriptorKeys);
  return present({
    schemaVersion: 2 as const,
    mediaType,
    artifactType: readMediaType(fields, 'artifactType'),
    subject: subject && readDescriptor(subject, rules),
    annotations: fields.stringMap('annotations'),
  });
}

function readManifest(fields: JsonFields, common: DocumentFields, rules: Rules): Manifest {
  const config = fields.object('config', descriptorKeys);
  const layers = fields.objects('layers', descriptorKeys, maxLayers);
  if (config === undefined) throw fields.fail('config', 'is missing');
  // Go writes null for an empty list; umoci and buildah write images without layers.
  if (rules === 'schema' && (layers ?? []).length === 0) throw fields.fail('layers', 'is missing or empty');
  return {
    ...common,
    config: readDescriptor(config, rules),
    layers: (layers ?? []).map((layer) => readDescriptor(layer, rules)),
  };
}

/**
 * Reads a manifest or an index, of OCI or of Docker. Refuses schema 1, and documents that two readers could understand
 * in two ways (CVE-2021-41190): fields of both kinds, a type other than the expected one, duplicate keys. Tolerates
 * unknown fields. Throws ERR_JSON_INVALID, ERR_JSON_TOO_LARGE, ERR_DOCUMENT_INVALID, ERR_DOCUMENT_TOO_LARGE,
 * ERR_DIGEST_INVALID, ERR_DIGEST_UNSUPPORTED, ERR_MANIFEST_SCHEMA1 or ERR_MANIFEST_TYPE.
 */
export function parseDocument(bytes: Uint8Array, options: ParseManifestOptions = {}): ParsedDocument {
  const { mediaType: expected, rules = 'engine' } = options;
  const json = parseJson(bytes, { what: 'manifest', maxBytes: maxManifestBytes });
  const fields = new JsonFields(json, knownKeys, 'manifest');
  const common = readCommon(fields, readDocumentType(fields, expected), rules);
  if (isManifest(common.mediaType)) return { kind: 'manifest', bytes, value: readManifest(fields, common, rules) };
  const manifests = fields.objects('manifests', descriptorKeys, maxIndexEntries);
  if (manifests === undefined && rules === 'schema') throw fields.fail('manifests', 'is missing');
  return {
    kind: 'index',
    bytes,
    value: { ...common, manifests: (manifests ?? []).map((entry) => readDescriptor(entry, rules)) },
  };
}

/** {@link parseDocument} that refuses an index. */
export function parseManifest(bytes: Uint8Array, options: ParseManifestOptions = {}): Parsed<Manifest> {
  const parsed = parseDocument(bytes, options);
  if (parsed.kind === 'manifest') return parsed;
  throw new StrataError({
    code: 'ERR_DOCUMENT_INVALID',
    message: 'manifest: is an index where a manifest is needed',
    hint: 'Take one of the manifests that the index names.',
  });
}

/** {@link parseDocument} that refuses a manifest. */
export function parseIndex(bytes: Uint8Array, options: ParseManifestOptions = {}): Parsed<Index> {
  const parsed = parseDocument(bytes, options);
  if (parsed.kind === 'index') return parsed;
  throw new StrataError({
    code: 'ERR_DOCUMENT_INVALID',
    message: 'index: is a manifest where an index is needed',
    hint: 'Give an index, or read the document as a manifest.',
  });
}

/** Returns the bytes of a new manifest or index. */
export function formatDocument(document: Manifest | Index): Uint8Array {
  const { schemaVersion, mediaType, artifactType, subject, annotations } = document;
  const body =
    'manifests' in document
      ? { manifests: document.manifests.map(formatDescriptor) }
      : { config: formatDescriptor(document.config), layers: document.layers.map(formatDescriptor) };
  const head = present({ schemaVersion, mediaType, artifactType });
  const tail = present({ subject: subject && formatDescriptor(subject), annotations });
  return utf8(JSON.stringify({ ...head, ...body, ...tail }));
}

/**
 * Pairs each layer with the hash of its uncompressed tar, from the base up. Throws ERR_LAYERS_MISMATCH
 * (invalid-argument) when manifest and config have different numbers of layers, or the history has more.
 */
export function pairLayers(
  manifest: Manifest,
  config: ImageConfig,
): readonly { readonly descriptor: Descriptor; readonly diffId: DiffId }[] {
  const ids = config.rootfs.diff_ids;
  // Docker accepts a history with fewer layers (squashed images), never one with more.
  const filled = config.history.filter((entry) => entry.empty_layer !== true).length;
  if (ids.length !== manifest.layers.length || filled > ids.length) {
    throw new StrataError({
      code: 'ERR_LAYERS_MISMATCH',
      message: `manifest: ${manifest.layers.length} layers, ${ids.length} diffIDs and ${filled} history entries that made a layer`,
      hint: 'Make or fetch the image again. If that does not help, make it with another program.',
    });
  }
  return manifest.layers.flatMap((descriptor, at) => {
    const diffId = ids[at];
    return diffId === undefined ? [] : [{ descriptor, diffId }];
  });
}
