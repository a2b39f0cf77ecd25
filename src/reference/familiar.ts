import { type Digest, isDigest, parseDigest } from '../spec/digest.ts';
import { isIdentifier } from './grammar.ts';
import { pathMatch } from './path-match.ts';
import {
  formatName,
  formatReference,
  invalidReference,
  parseRawReference,
  type Reference,
  type RepositoryName,
} from './reference.ts';

/** Docker Hub: the registry of names without one. */
export const defaultDomain = 'docker.io';
const formerDomain = 'index.docker.io';
const officialPrefix = 'library/';
export const defaultTag = 'latest';

/** Takes the first part for a registry when it looks like a host: a dot, a port, `localhost`, or upper case. */
function splitDomain(name: string): RepositoryName {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  const domain = !isHost || first === formerDomain ? defaultDomain : first;
  const path = isHost ? name.slice(slash + 1) : name;
  return { domain, path: domain === defaultDomain && !path.includes('/') ? officialPrefix + path : path };
}

/**
 * Reads a reference as users write it: `busybox` is `docker.io/library/busybox`. No tag is added; see
 * {@link withDefaultTag}. Throws ERR_REFERENCE_INVALID in docker's words, ERR_DIGEST_INVALID, ERR_DIGEST_UNSUPPORTED.
 */
export function parseReference(text: string): Reference {
  if (isIdentifier(text)) {
    throw invalidReference(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`, text);
  }
  const { domain, path } = splitDomain(text);
  const colon = path.indexOf(':');
  const remote = colon < 0 ? path : path.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw invalidReference(
      `invalid reference format: repository name (${remote.slice(0, 256)}) must be lowercase`,
      text,
    );
  }
  const reference = parseRawReference(`${domain}/${path}`);
  // `a_b.c/d`: the first part looks like a host but cannot be one. Docker accepts such a name, without any registry.
  if (reference.domain !== domain) throw invalidReference(undefined, text);
  return reference;
}

/** {@link parseReference} for names that are written out in full already. Throws also when `text` is not canonical. */
export function parseCanonicalReference(text: string): Reference {
  const reference = parseReference(text);
  if (formatReference(reference) !== text) throw invalidReference('repository name must be canonical', text);
  return reference;
}

/** Adds `:latest` to a reference without tag and digest. */
export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: defaultTag } : reference;

/** Returns the single name to pull: a digest wins over a tag, and `latest` is added when there is neither. */
export function toPullReference(reference: Reference): Reference {
  if (reference.digest === undefined) return withDefaultTag(reference);
  const { tag: _, ...pinned } = reference;
  return pinned;
}

/** Returns the name as docker shows it, without `docker.io/` and `library/`. */
export function familiarName({ domain, path }: RepositoryName): string {
  if (domain !== defaultDomain) return formatName({ domain, path });
  const official = path.startsWith(officialPrefix) && !path.includes('/', officialPrefix.length);
  return official ? path.slice(officialPrefix.length) : path;
}

/** {@link familiarName} with tag and digest. */
export const familiarString = (reference: Reference): string =>
  formatReference({ ...reference, domain: '', path: familiarName(reference) });

/**
 * Matches `--filter reference=PATTERN`: a shell pattern over the familiar string, or over the familiar name without
 * tag. Throws ERR_PATTERN_INVALID.
 */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  return pathMatch(pattern, familiarString(reference)) || pathMatch(pattern, familiarName(reference));
}

/** The meanings of a user's name for an image. Look the fields up in this order; the first hit wins. */
export interface ImageLookup {
  /** A whole digest or image ID. */
  readonly digest?: Digest;
  /** A reference, with `latest` added where it has neither tag nor digest. */
  readonly reference?: Reference;
  /** The beginning of an image ID's hex digits. It counts only when exactly one image has it. */
  readonly idPrefix?: string;
}

/**
 * Reads a whole ID (64 hex digits), a digest, or a reference. Throws as {@link parseReference}.
 */
export function parseAnyReference(text: string): { readonly digest: Digest } | { readonly reference: Reference } {
  if (isIdentifier(text)) return { digest: parseDigest(`sha256:${text}`) };
  return isDigest(text) ? { digest: text } : { reference: parseReference(text) };
}

/**
 * {@link parseAnyReference} that also reads shortened IDs, with or without `sha256:`, as every command that takes an
 * image does.
 */
export function parseImageLookup(text: string): ImageLookup {
  const found = parseAnyReference(text);
  if ('digest' in found) return found;
  const idPrefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
  return { reference: withDefaultTag(found.reference), ...(idPrefix === undefined ? {} : { idPrefix }) };
}
