import { StrataError } from '../errors/index.ts';
import { utf8 } from '../lib/bytes.ts';
import { present } from '../lib/present.ts';
import { annotationKeys } from './annotation-keys.ts';
import type { Descriptor } from './descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from './digest.ts';
import { JsonFields } from './fields.ts';
import { maxArchiveIndexBytes } from './limits.ts';
import type { Index } from './manifest.ts';
import { parseJson } from './parse-json.ts';

/** Names of the two files at the top of an OCI image layout. */
export const layoutFileName = 'oci-layout';
export const layoutIndexName = 'index.json';

/** The whole content of a new layout's `oci-layout` file. */
export const layoutFile: Uint8Array = utf8('{"imageLayoutVersion":"1.0.0"}');

/**
 * Checks an `oci-layout` file. Throws ERR_JSON_INVALID or ERR_DOCUMENT_INVALID for any other content, and
 * ERR_LAYOUT_VERSION (unsupported) for another version than 1.0.0.
 */
export function parseLayoutFile(bytes: Uint8Array): void {
  const json = parseJson(bytes, { what: layoutFileName, maxBytes: maxArchiveIndexBytes });
  const version = new JsonFields(json, ['imageLayoutVersion'], layoutFileName).requiredString('imageLayoutVersion');
  if (version === '1.0.0') return;
  throw new StrataError({
    code: 'ERR_LAYOUT_VERSION',
    message: `oci-layout: unsupported version ${JSON.stringify(version.slice(0, 40))}`,
    hint: 'Save the image again, as version 1.0.0 of the OCI image layout.',
  });
}

/** Returns the path of a blob inside a layout. The digest's grammar keeps it inside the folder. */
export const layoutBlobPath = (digest: Digest): string => `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;

export interface LayoutEntry {
  readonly descriptor: Descriptor;
  /**
   * `org.opencontainers.image.ref.name`: a tag from most tools, a whole reference from some, any text from an attacker.
   */
  readonly refName?: string;
  /** The full reference, when containerd or docker wrote the layout. */
  readonly imageName?: string;
}

/** Lists the entries of a layout's `index.json`. Their names are yet to be checked by the reference grammar. */
export function layoutEntries(index: Index): readonly LayoutEntry[] {
  return index.manifests.map((descriptor) => {
    const refName = descriptor.annotations?.[annotationKeys.refName];
    const imageName = descriptor.annotations?.[annotationKeys.containerdImageName];
    return present({
      descriptor,
      refName,
      imageName,
    });
  });
}
