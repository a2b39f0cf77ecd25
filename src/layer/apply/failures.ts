import { isDiskFull, whyFull } from '../../content/disk-failure.ts';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { type Errno, errnoOf, SyscallError } from '../../sys/errno.ts';
import { invalidEntry } from '../place.ts';

const quoted = (bytes: Uint8Array): string => JSON.stringify(displayBytes(bytes.subarray(0, 200)));

export const missingTarget = (target: Uint8Array, path: Uint8Array): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_LAYER_LINK_MISSING',
    message: `layer entry ${quoted(path)}: is a hardlink to ${quoted(target)}, which does not exist`,
    hint: 'The layer was made on another parent, or its archive lists links before what they link to.',
  });

export const digestMismatch = (what: 'blob' | 'diffID', expected: string, actual: string): StrataError =>
  what === 'blob'
    ? new StrataError({
        kind: 'corrupt',
        code: 'ERR_LAYER_DIGEST_MISMATCH',
        message: `layer blob ${expected}: its bytes have the digest ${actual}`,
        hint: 'The blob is damaged; remove it and fetch it again.',
      })
    : new StrataError({
        kind: 'corrupt',
        code: 'ERR_LAYER_DIFF_ID_MISMATCH',
        message: `layer ${expected}: its uncompressed bytes have the digest ${actual}`,
        hint: "The image's config does not belong to its layers; fetch it again or tell its publisher.",
      });

// What a tree cannot hold is the layer's fault, not the machine's.
const reasons: { readonly [Name in Errno]?: string } = {
  ENAMETOOLONG: 'a part of its path is longer than the filesystem takes',
  ELOOP: 'leads through too many symlinks',
  ENOTDIR: 'a part of its path is no directory',
  EISDIR: 'names a directory where none may be',
  EFBIG: 'is larger than the filesystem takes',
  EMLINK: 'has more hardlinks than the filesystem takes',
};

const isChown = (error: unknown): boolean => error instanceof SyscallError && error.syscall.startsWith('fchown');

/** Where entries of a layer go. */
export interface UnpackedTree {
  readonly root: string;
  readonly rootless: boolean;
}

/** Says which entry a system call failed for. Anything else comes back as it is. */
export function entryFailure(error: unknown, path: Uint8Array, { root, rootless }: UnpackedTree): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const reason = reasons[errno];
  if (reason !== undefined) return invalidEntry(path, reason, error);
  if (errno === 'EINVAL' && rootless && isChown(error)) {
    return new StrataError({
      kind: 'failed-precondition',
      code: 'ERR_LAYER_OWNER_UNMAPPED',
      message: `layer entry ${quoted(path)}: its owner has no number in this user namespace`,
      hint: 'Give the user more subordinate ids in /etc/subuid and /etc/subgid.',
      cause: error,
    });
  }
  if (isDiskFull(error)) {
    return new StrataError({
      kind: 'exhausted',
      code: 'ERR_LAYER_NO_SPACE',
      message: `layer entry ${quoted(path)}: ${whyFull(error, root)}`,
      hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
      cause: error,
    });
  }
  return new StrataError({
    kind: 'internal',
    code: 'ERR_LAYER_ENTRY_FAILED',
    message: `layer entry ${quoted(path)}: ${error instanceof Error ? error.message : String(error)}`,
    cause: error,
  });
}
