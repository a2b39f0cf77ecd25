import { excerpt } from '../../dockerfile/quote.ts';
import { StrataError } from '../../errors/index.ts';

/**
 * Build argument with the time of everything that a build creates:
 * https://reproducible-builds.org/specs/source-date-epoch.
 */
export const sourceDateEpochName = 'SOURCE_DATE_EPOCH';

// Years that RFC 3339 can express.
const earliest = Date.parse('0000-01-01T00:00:00Z') / 1000;
const latest = Date.parse('9999-12-31T23:59:59Z') / 1000;

/** Parses its value, seconds since 1970; undefined for an empty one. Throws ERR_SOURCE_DATE_EPOCH_INVALID. */
export function readSourceDateEpoch(text: string): number | undefined {
  if (text === '') return undefined;
  const seconds = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= earliest && seconds <= latest) return seconds;
  throw new StrataError({
    code: 'ERR_SOURCE_DATE_EPOCH_INVALID',
    message: `invalid ${sourceDateEpochName}: ${excerpt(text)}`,
    hint: "Give whole seconds since 1970, as 'git log -1 --format=%ct' prints them, or leave it empty.",
  });
}
