import { isStrataError, restate } from '../../errors/index.ts';
import { type InspectFormat, parseInspectFormat } from '../../query/format.ts';

// Docker's exit code for an invalid template, in commands that show single objects; a listing exits with 1.
const exitBadTemplate = 64;

/** Reads `--format` of `inspect`, `info` and `version`. Throws ERR_FORMAT_INVALID, ERR_TEMPLATE_LIMIT. */
export function readInspectFormat(text: string): InspectFormat {
  try {
    return parseInspectFormat(text);
  } catch (error) {
    if (!isStrataError(error, 'ERR_FORMAT_INVALID')) throw error;
    throw restate(error, { details: { exitCode: exitBadTemplate } });
  }
}
