import { describeExhaustion, isDiskFull } from '../../content/disk-failure.ts';
import { isStrataError, restate, StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { isAttributeLimit } from '../../sys/attribute-limit.ts';
import { type Errno, errnoOf } from '../../sys/errno.ts';
import { isRefusal } from '../../sys/refusals.ts';
import { invalidEntry } from '../tree-path.ts';

const otherHint = 'Check the filesystem of the store and the log of the kernel (`dmesg`), then try again.';

const quote = (bytes: Uint8Array): string => JSON.stringify(displayBytes(bytes.subarray(0, 200)) || '/');

export const missingTarget = (target: Uint8Array, path: Uint8Array): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_LINK_MISSING',
    message: `layer entry ${quote(path)}: is a hardlink to ${quote(target)}, which does not exist`,
    hint: 'Fetch the image again, or report it to its publisher: the layer belongs on another parent, or lists links before their targets.',
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

// Errors for entries that no tree can hold: a fault of the layer, not of the machine.
const faults: { readonly [Name in Errno]?: string } = {
  ELOOP: 'leads through too many symlinks',
  ENOTDIR: 'a component of its path is not a directory',
  EISDIR: 'is a directory where only a file can be',
};

// Errors for entries that the filesystem of this tree cannot hold; another one may.
const limits: { readonly [Name in Errno]?: string } = {
  ENAMETOOLONG: 'a component of its path is longer than the filesystem allows',
  EFBIG: 'is larger than the filesystem allows',
  EMLINK: 'has more hardlinks than the filesystem allows',
};

/** Returns a failed system call as an error that names its entry; `root` is the tree. Other errors come back as they are. */
export function entryFailure(error: unknown, path: Uint8Array, root: string): unknown {
  if (isRefusal(error) || isAttributeLimit(error))
    return restate(error, { message: `layer entry ${quote(path)}: ${error.message}` });
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const fault = faults[errno];
  if (fault !== undefined) return invalidEntry(path, fault, { cause: error });
  const limit = limits[errno];
  if (limit !== undefined) {
    const hint = 'Choose a store on a filesystem that can hold the file, or make the layer again without it.';
    return invalidEntry(path, limit, { hint, cause: error });
  }
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
    hint: isStrataError(error) && error.hint !== undefined ? error.hint : otherHint,
    cause: error,
  });
}
