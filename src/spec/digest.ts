import { StrataError } from '../errors/index.ts';

declare const brand: unique symbol;

/**
 * `algorithm:hex` over the bytes of a blob as stored or sent. Its form has been checked (see {@link parseDigest}), so it
 * is safe in paths and URLs.
 */
export type Digest = string & { readonly [brand]: 'digest' };
/** Digest of a layer's uncompressed tar. Never the same type as {@link Digest}: mixing them is a compile error. */
export type DiffId = string & { readonly [brand]: 'diffID' };
/** Hash over the diffIDs from the base up to a layer (OCI image-spec config.md, "Layer ChainID"). */
export type ChainId = string & { readonly [brand]: 'chainID' };

export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

const hexLength: { readonly [algorithm in DigestAlgorithm]: number } = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Algorithms accepted in names of images. sha384 is registered with OCI's go-digest but used by no registry or builder.
 */
export const imageAlgorithms: readonly DigestAlgorithm[] = ['sha256', 'sha512'];

const grammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const lowerHex = /^[0-9a-f]*$/;

// The longest legal digest is far shorter. Messages must not repeat megabytes of hostile text.
const quote = (text: string): string => JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);

const isKnown = (algorithm: string): algorithm is DigestAlgorithm => Object.hasOwn(hexLength, algorithm);

/**
 * Splits anything that has the form of a digest (image-spec descriptor.md, "Digests"), known algorithm or not, at its
 * colon. The grammar allows neither `/` nor `..`, so both halves are safe as file names (CVE-2024-3727). Throws
 * ERR_DIGEST_INVALID.
 */
export function splitDigest(text: string): { readonly algorithm: string; readonly encoded: string } {
  if (text.length > 512 || !grammar.test(text)) {
    throw new StrataError({
      code: 'ERR_DIGEST_INVALID',
      message: `digest ${quote(text)}: invalid checksum digest format`,
      hint: 'Write a digest as sha256: followed by 64 lower-case hexadecimal digits.',
    });
  }
  const colon = text.indexOf(':');
  return { algorithm: text.slice(0, colon), encoded: text.slice(colon + 1) };
}

/**
 * {@link splitDigest} that also checks length and lower-case hex of registered algorithms. Throws ERR_DIGEST_INVALID.
 */
export function checkDigestForm(text: string): { readonly algorithm: string; readonly encoded: string } {
  const parts = splitDigest(text);
  if (isKnown(parts.algorithm)) {
    const wanted = hexLength[parts.algorithm];
    if (parts.encoded.length !== wanted) {
      throw new StrataError({
        code: 'ERR_DIGEST_INVALID',
        message: `digest ${quote(text)}: invalid checksum digest length`,
        hint: `Write a ${parts.algorithm} digest with ${wanted} hexadecimal digits.`,
      });
    }
    if (!lowerHex.test(parts.encoded)) {
      throw new StrataError({
        code: 'ERR_DIGEST_INVALID',
        message: `digest ${quote(text)}: invalid checksum digest format`,
        hint: 'Write the hexadecimal digits in lower case.',
      });
    }
  }
  return parts;
}

/**
 * Checks form, algorithm, length and lower-case hex before anything builds a path or a URL from `text`.
 * Throws ERR_DIGEST_INVALID, or ERR_DIGEST_UNSUPPORTED for an algorithm that is not in `algorithms`.
 */
export function parseDigest(text: string, algorithms: readonly DigestAlgorithm[] = imageAlgorithms): Digest {
  const { algorithm } = checkDigestForm(text);
  if (!algorithms.some((accepted) => accepted === algorithm)) {
    throw new StrataError({
      code: 'ERR_DIGEST_UNSUPPORTED',
      message: `digest ${quote(text)}: unsupported digest algorithm`,
      hint: `Use a digest of ${algorithms.join(' or ')}.`,
    });
  }
  return text as Digest;
}

/** True for a text that {@link parseDigest} accepts with its default algorithms. */
export function isDigest(text: string): text is Digest {
  if (!grammar.test(text)) return false;
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, colon);
  return (
    imageAlgorithms.some((accepted) => accepted === algorithm) &&
    text.length - colon - 1 === hexLength[algorithm as DigestAlgorithm] &&
    lowerHex.test(text.slice(colon + 1))
  );
}

/** {@link parseDigest} for the hash of a layer's uncompressed tar. */
export const parseDiffId = (text: string): DiffId => parseDigest(text) as string as DiffId;

/** {@link parseDigest} for a hash over diffIDs. */
export const parseChainId = (text: string): ChainId => parseDigest(text) as string as ChainId;

/** Returns the digest of a hash result: `hex` in lower case, as long as the algorithm requires. */
export const digestFromHex = (algorithm: DigestAlgorithm, hex: string): Digest =>
  parseDigest(`${algorithm}:${hex}`, [algorithm]);

/** Returns the part before the colon: the name of the hash, also in `node:crypto`. */
export const digestAlgorithm = (digest: Digest | DiffId | ChainId): DigestAlgorithm =>
  digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;

/** Returns the part after the colon, in full. */
export const digestHex = (digest: Digest | DiffId | ChainId): string => digest.slice(digest.indexOf(':') + 1);
