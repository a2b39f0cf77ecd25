import { StrataError } from '../errors/index.ts';
import { parseDuration } from './duration.ts';

/** Seconds since 1970, possibly negative, and 0–999,999,999 nanoseconds that always count forward. */
export interface Instant {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export interface ParseInstantOptions {
  /** The time from which durations count back. */
  readonly now: Instant;
  /** Minutes east of UTC, for times without a zone. Default: 0. */
  readonly zoneMinutes?: number;
}

const dateTime = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?(Z|([+-])(\d\d):(\d\d))?$/;
const unixTime = /^(\+?\d{1,15})(?:\.(\d{1,18}))?$/;

/** Converts the digits after the point to nanoseconds; more than nine are cut off. */
const toNanoseconds = (digits: string): number => Number(digits.slice(0, 9).padEnd(9, '0'));

function parseDateTime(text: string, zoneMinutes: number): Instant | undefined {
  const found = dateTime.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that its month does not have moves into the next one.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || month < 1 || month > 12) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  date.setUTCHours(hour, minute, second);
  const [zone, sign, zoneHour, zoneMinute] = found.slice(8);
  if (Number(zoneHour ?? 0) > 24 || Number(zoneMinute ?? 0) > 60) return undefined;
  const named = (sign === '-' ? -1 : 1) * (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0));
  const offset = zone === undefined ? zoneMinutes : zone === 'Z' ? 0 : named;
  return { seconds: date.getTime() / 1000 - offset * 60, nanoseconds: toNanoseconds(found[7] ?? '') };
}

function before({ seconds, nanoseconds }: Instant, duration: bigint): Instant {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) - duration;
  const rest = ((total % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((total - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}

function parseUnixTime(text: string): Instant | undefined {
  const found = unixTime.exec(text);
  return found === null ? undefined : { seconds: Number(found[1]), nanoseconds: toNanoseconds(found[2] ?? '') };
}

function asDuration(text: string): bigint | undefined {
  // A bare 0 is the epoch.
  if (text === '0') return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof StrataError && error.code === 'ERR_DURATION_INVALID') return undefined;
    throw error;
  }
}

/**
 * Parses a value of `--since`, `--until` and the filter `until=`: a Go duration (`10m` ago), an RFC 3339 time or date,
 * whole or cut short (`2024-01-02`, `2024-01-02T15:04`), with or without zone, or Unix seconds with a fraction.
 * Throws ERR_TIME_INVALID.
 */
export function parseInstant(text: string, options: ParseInstantOptions): Instant {
  const duration = asDuration(text);
  if (duration !== undefined) return before(options.now, duration);
  const instant = parseDateTime(text, options.zoneMinutes ?? 0) ?? parseUnixTime(text);
  if (instant !== undefined) return instant;
  throw new StrataError({
    code: 'ERR_TIME_INVALID',
    message: `failed to parse value as time or duration: ${JSON.stringify(text.slice(0, 100))}`,
    hint: 'Give a duration as 10m or 24h, a time as 2024-01-02T15:04:05Z, or Unix seconds.',
  });
}

/** Converts milliseconds since 1970, as of `Date`. */
export function instantOf(milliseconds: number): Instant {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1_000_000 };
}

/** Compares two instants for sorting, the earlier first. */
export const compareInstants = (a: Instant, b: Instant): number =>
  a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
