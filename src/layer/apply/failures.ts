import { describeExhaustion, isDiskFull } from '../../content/disk-failure.ts';
import { restate, StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { isAttributeLimit } from '../../sys/attribute-limit.ts';
import { type Errno, errnoOf } from '../../sys/errno.ts';
import { isRefusal } from '../../sys/refusals.ts';
import { invalidEntry } from '../tree-path.ts';

const quote = (bytes: Uint8Array): string => JSON.stringify(displayBytes(bytes.subarray(0, 200)) || '/');

export const missingTarget = (target: Uint8Array, path: Uint8Array): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_LINK_MISSING',
    message: `layer entry ${quote(path)}: is a hardlink to ${quote(target)}, which does not exist`,
    hint: 'The layer was made on another parent, or its archive lists links before what they link to.',
  });

export const digestMismatch = (what: 'blob' | 'diffID', expected: string, actual: string): StrataError =>
  what === 'blob'
    ? new StrataError({
        code: 'ERR_LAYER_DIGEST_MISMATCH',
        message: `layer blob ${expected}: its bytes have the digest ${actual}`,
        hint: 'The blob is damaged; remove it and fetch it again.',
      })
    : new StrataError({
        code: 'ERR_LAYER_DIFF_ID_MISMATCH',
        message: `layer ${expected}: its uncompressed bytes have the digest ${actual}`,
        hint: "The image's config does not belong to its layers; fetch the image again, or report it to its publisher.",
      });

// Errors for entries that a tree cannot hold: a fault of the layer, not of the machine.
const reasons: { readonly [Name in Errno]?: string } = {
  ENAMETOOLONG: 'a component of its path is longer than the filesystem allows',
  ELOOP: 'leads through too many symlinks',
  ENOTDIR: 'a component of its path is not a directory',
  EISDIR: 'is a directory where only a file can be',
  EFBIG: 'is larger than the filesystem allows',
  EMLINK: 'has more hardlinks than the filesystem allows',
};

/** Returns a failed system call as an error that names its entry; `root` is the tree. Other errors come back as they are. */
export function entryFailure(error: unknown, path: Uint8Array, root: string): unknown {
  if (isRefusal(error) || isAttributeLimit(error))
    return restate(error, { message: `layer entry ${quote(path)}: ${error.message}` });
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const reason = reasons[errno];
  if (reason !== undefined) return invalidEntry(path, reason, error);
  if (isDiskFull(error)) {
    return new StrataError({
      code: 'ERR_LAYER_NO_SPACE',
      message: `layer entry ${quote(path)}: ${describeExhaustion(error, root)}`,
      hint: 'Remove images or build cache that are no longer needed, or free space on that filesystem.',
      cause: error,
    });
  }
  return new StrataError({
    code: 'ERR_LAYER_ENTRY_FAILED',
    message: `layer entry ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'Check the filesystem of the store and the log of the kernel, then try again.',
    cause: error,
  });
}
