/**
 * Names of images: `[registry/]repository[:tag][@digest]`, as users write them and in full.
 *
 * ```ts
 * import { familiarString, formatReference, parseReference, withDefaultTag } from 'strata-oci/reference';
 *
 * const reference = withDefaultTag(parseReference('busybox'));
 * formatReference(reference); // docker.io/library/busybox:latest
 * familiarString(reference); // busybox:latest
 * ```
 */

export * from './familiar.ts';
export { isDomain, isIdentifier, isRepositoryPath, isTag, maxPathLength, splitHostPort } from './grammar.ts';
export { pathMatch } from './path-match.ts';
export {
  formatName,
  formatReference,
  nameOnly,
  parseRawReference,
  parseRepositoryName,
  type Reference,
  type RepositoryName,
  withDigest,
  withTag,
} from './reference.ts';
export * from './registry-host.ts';
