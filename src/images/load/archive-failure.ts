import { firstCause, isStrataError, restate } from '../../errors/index.ts';
import type { ArchiveInput } from './archive-input.ts';

// Codes of faults in an archive, as opposed to the store or the machine. The last two lines are those of its documents.
const ofArchives = new RegExp(
  `^ERR_(?:${[
    'ARCHIVE_(?!UNREADABLE)',
    'TAR_',
    'COMPRESSION_(?:CORRUPT|TRUNCATED|DICTIONARY|WINDOW)',
    'IMAGE_INDEX_',
    'LAYER_(?:ENTRY_INVALID|LINK_MISSING|PATH_ESCAPE|DIFF_ID_MISMATCH|DIGEST_MISMATCH)',
    'BLOB_(?:DIGEST|SIZE)_MISMATCH',
    '(?:LAYERS_MISMATCH|LAYOUT_VERSION|REFERENCE_INVALID)$',
    '(?:MANIFEST|DOCUMENT|JSON|DIGEST)_',
  ].join('|')})`,
);

// Standard input, opened by a name that the user did not give.
const unnamed = /^\/proc\/self\/fd\//;

/**
 * Returns the failure of reading an archive, with the path of the archive in front of the message if it is at fault.
 */
export function archiveFailure(thrown: unknown, input: ArchiveInput): unknown {
  const error = firstCause(thrown);
  if (typeof input !== 'string' || unnamed.test(input)) return error;
  if (!isStrataError(error) || !ofArchives.test(error.code)) return error;
  return restate(error, { message: `${input}: ${error.message}` });
}
