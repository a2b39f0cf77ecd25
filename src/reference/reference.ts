import { StrataError } from '../errors/index.ts';
import { type Digest, parseDigest } from '../spec/digest.ts';
import { isDigestForm, isDomain, isRepositoryPath, isTag, maxPathLength } from './grammar.ts';

/** A repository in a registry. `domain` is empty only in results of {@link parseRawReference}. */
export interface RepositoryName {
  readonly domain: string;
  readonly path: string;
}

/** A repository with a tag, a digest, both or neither. */
export interface Reference extends RepositoryName {
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Returns an ERR_REFERENCE_INVALID with docker's wording, for the parsers of this folder. */
export function invalidReference(problem = 'invalid reference format', text?: string): StrataError {
  return new StrataError({
    code: 'ERR_REFERENCE_INVALID',
    message: problem,
    hint: 'Write a reference as [registry/]repository[:tag][@digest], the repository in lower case.',
    ...(text === undefined ? {} : { details: { reference: text.slice(0, 512) } }),
  });
}

/** Splits `name` at its domain, when the first part has the form of one and something follows. */
function matchName(name: string): RepositoryName | undefined {
  const slash = name.indexOf('/');
  if (slash > 0 && isDomain(name.slice(0, slash)) && isRepositoryPath(name.slice(slash + 1))) {
    return { domain: name.slice(0, slash), path: name.slice(slash + 1) };
  }
  return isRepositoryPath(name) ? { domain: '', path: name } : undefined;
}

interface ReferenceParts extends RepositoryName {
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

// A name or tag has no `@`, and a tag has no slash, so the separators are found without backtracking.
function match(text: string): ReferenceParts | undefined {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const tagged = at < 0 ? text : text.slice(0, at);
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : tagged.slice(colon + 1);
  const name = matchName(colon < 0 ? tagged : tagged.slice(0, colon));
  if (name === undefined) return undefined;
  if ((tag !== undefined && !isTag(tag)) || (digest !== undefined && !isDigestForm(digest))) return undefined;
  return { ...name, tag, digest };
}

function checkLength(path: string): void {
  if (path.length > maxPathLength) {
    throw invalidReference(`repository name must not be more than ${maxPathLength} characters`, path);
  }
}

/**
 * Reads a repository name without tag or digest. Throws ERR_REFERENCE_INVALID.
 */
export function parseRepositoryName(text: string): RepositoryName {
  const name = matchName(text);
  if (name === undefined) throw invalidReference(undefined, text);
  checkLength(name.path);
  return name;
}

/**
 * Reads a reference as written: no default registry, tag or `library/` is added. Throws ERR_REFERENCE_INVALID, and
 * ERR_DIGEST_INVALID or ERR_DIGEST_UNSUPPORTED for a digest of wrong length or another algorithm.
 */
export function parseRawReference(text: string): Reference {
  const parts = match(text);
  if (parts === undefined) {
    if (text === '') throw invalidReference('repository name must have at least one component', text);
    if (match(text.toLowerCase()) !== undefined) throw invalidReference('repository name must be lowercase', text);
    throw invalidReference(undefined, text);
  }
  checkLength(parts.path);
  return {
    domain: parts.domain,
    path: parts.path,
    ...(parts.tag === undefined ? {} : { tag: parts.tag }),
    ...(parts.digest === undefined ? {} : { digest: parseDigest(parts.digest) }),
  };
}

/** Returns `domain/path`. */
export const formatName = ({ domain, path }: RepositoryName): string => (domain === '' ? path : `${domain}/${path}`);

/** Returns the whole reference: `docker.io/library/busybox:1.36@sha256:…`. */
export const formatReference = (reference: Reference): string =>
  formatName(reference) +
  (reference.tag === undefined ? '' : `:${reference.tag}`) +
  (reference.digest === undefined ? '' : `@${reference.digest}`);

/** Returns the repository alone. */
export const nameOnly = ({ domain, path }: RepositoryName): RepositoryName => ({ domain, path });

/** Returns the same reference with another tag. Throws ERR_REFERENCE_INVALID. */
export function withTag(reference: Reference, tag: string): Reference & { readonly tag: string } {
  if (!isTag(tag)) throw invalidReference('invalid tag format', tag);
  return { ...reference, tag };
}

/** Returns the same reference pinned to a digest; a tag stays. */
export const withDigest = (reference: Reference, digest: Digest): Reference & { readonly digest: Digest } => ({
  ...reference,
  digest,
});
