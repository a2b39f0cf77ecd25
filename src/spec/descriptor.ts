import { present } from '../lib/present.ts';
import { decodeBase64 } from './base64.ts';
import { checkDigestForm, type Digest, parseDigest } from './digest.ts';
import { type JsonFields, type StringMap } from './fields.ts';
import { isMediaType } from './media-types.ts';
import type { Rules } from './parsed.ts';
import type { Platform } from './platform.ts';

/** The name of a blob: media type, digest, size in bytes. Keys are the document's. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** Other sources of the blob: absolute URIs of any scheme, to be judged before use (CVE-2020-15157). */
  readonly urls?: readonly string[];
  readonly annotations?: StringMap;
  /** The blob itself in base64, `size` bytes when decoded. Its digest is not yet verified. */
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

export const descriptorKeys: readonly (keyof Descriptor)[] = [
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'platform',
  'artifactType',
];

const uri = /^[A-Za-z][A-Za-z0-9+.-]*:[\u0021-\u007e]+$/;

/** Reads an RFC 6838 media type; undefined when the field is absent. */
export function readMediaType(fields: JsonFields, name: string): string | undefined {
  const text = fields.string(name);
  if (text !== undefined && !isMediaType(text)) throw fields.fail(name, 'is no media type');
  return text;
}

function readData(fields: JsonFields, size: number): string | undefined {
  const data = fields.string('data');
  if (data === undefined) return undefined;
  const decoded = decodeBase64(data);
  if (decoded === undefined) throw fields.fail('data', 'is not base64');
  if (decoded.length !== size) throw fields.fail('data', `holds ${decoded.length} bytes, not the ${size} of size`);
  return data;
}

function readPlatform(fields: JsonFields): Platform {
  return present({
    architecture: fields.requiredString('architecture'),
    os: fields.requiredString('os'),
    variant: fields.string('variant'),
    'os.version': fields.string('os.version'),
    'os.features': fields.strings('os.features'),
  });
}

/** Reads one descriptor of a document. Throws as {@link JsonFields} and `parseDigest` do. */
export function readDescriptor(fields: JsonFields, rules: Rules): Descriptor {
  const mediaType = readMediaType(fields, 'mediaType');
  if (mediaType === undefined) throw fields.fail('mediaType', 'is missing');
  const size = fields.integer('size');
  if (size === undefined) throw fields.fail('size', 'is missing');
  if (size < 0) throw fields.fail('size', 'is negative');
  const urls = fields.strings('urls');
  for (const [at, url] of urls?.entries() ?? [])
    if (!uri.test(url)) throw fields.fail(`urls[${at}]`, 'is no absolute URI');
  const platform = fields.object('platform', ['architecture', 'os', 'variant', 'os.version', 'os.features']);
  return present({
    mediaType,
    digest: readDigest(fields, rules),
    size,
    urls,
    annotations: fields.stringMap('annotations'),
    data: readData(fields, size),
    platform: platform && readPlatform(platform),
    artifactType: readMediaType(fields, 'artifactType'),
  });
}

function readDigest(fields: JsonFields, rules: Rules): Digest {
  const text = fields.requiredString('digest');
  if (rules === 'engine') return parseDigest(text);
  checkDigestForm(text);
  return text as Digest;
}

/** Returns the blob's bytes when the descriptor carries them; not yet verified against the digest. */
export const inlineData = ({ data }: Descriptor): Uint8Array | undefined =>
  data === undefined ? undefined : decodeBase64(data);

/** True when both have the same digest, size and media type. Annotations and platform are not compared. */
export const sameTarget = (a: Descriptor, b: Descriptor): boolean =>
  a.digest === b.digest && a.size === b.size && a.mediaType === b.mediaType;

/** Returns the descriptor for writing, its fields in the specification's order. */
export const formatDescriptor = (descriptor: Descriptor): Descriptor =>
  present({
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    urls: descriptor.urls,
    annotations: descriptor.annotations,
    data: descriptor.data,
    platform: descriptor.platform,
    artifactType: descriptor.artifactType,
  });
