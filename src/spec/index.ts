/**
 * The documents of the OCI image specification, with Docker's variants, and their strict parsers. Reads no files, hashes
 * nothing.
 *
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { choosePlatform, parseIndex } from 'strata-oci/spec';
 *
 * const { value: index } = parseIndex(readFileSync('index.json'));
 * const entry = choosePlatform({ os: 'linux', architecture: 'arm64' }, index.manifests);
 * console.log(entry?.digest);
 * ```
 */

export * from './annotation-keys.ts';
export { type Healthcheck, type HistoryEntry, type ImageConfig, parseImageConfig, type RunConfig } from './config.ts';
export { type Descriptor, inlineData, sameTarget } from './descriptor.ts';
export {
  type ChainId,
  type DiffId,
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  digestFromHex,
  digestHex,
  imageAlgorithms,
  isDigest,
  parseChainId,
  parseDiffId,
  parseDigest,
} from './digest.ts';
export * from './docker-archive.ts';
export type { KeySet, StringMap } from './fields.ts';
export { formatImageConfig } from './format-image-config.ts';
export * from './limits.ts';
export {
  type DocumentFields,
  formatDocument,
  type Index,
  type Manifest,
  type ParsedDocument,
  type ParseManifestOptions,
  pairLayers,
  parseDocument,
  parseIndex,
  parseManifest,
} from './manifest.ts';
export * from './media-types.ts';
export * from './oci-layout.ts';
export { type Json, type JsonObject, JsonReal, type ParseJsonOptions, parseJson } from './parse-json.ts';
export type { Parsed, Rules } from './parsed.ts';
export * from './platform.ts';
