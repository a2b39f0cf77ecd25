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
