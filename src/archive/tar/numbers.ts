import type { TarTime } from './types.ts';

/**
 * Parses a numeric header field: octal text, or two's complement base-256 when its first bit is set (GNU, star). Returns NaN
 * for garbage and for numbers that JavaScript cannot hold exactly, and 0 for an empty field.
 */
export function parseNumeric(bytes: Uint8Array, start: number, end: number): number {
  return ((bytes[start] as number) & 0x80) === 0 ? parseOctal(bytes, start, end) : parseBase256(bytes, start, end);
}

/** Parses octal text with any spaces and NULs around it. Bytes after an inner NUL are ignored, as in all readers. */
export function parseOctal(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  let to = end;
  while (from < to && (bytes[from] === 0x20 || bytes[from] === 0)) from++;
  while (to > from && (bytes[to - 1] === 0x20 || bytes[to - 1] === 0)) to--;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit === -0x30) break;
    if (digit < 0 || digit > 7) return Number.NaN;
    value = value * 8 + digit;
  }
  return value;
}

function parseBase256(bytes: Uint8Array, start: number, end: number): number {
  const mask = ((bytes[start] as number) & 0x40) === 0 ? 0 : 0xff;
  let value = ((bytes[start] as number) ^ mask) & 0x7f;
  for (let i = start + 1; i < end; i++) value = value * 256 + ((bytes[i] as number) ^ mask);
  const signed = mask === 0 ? value : -1 - value;
  return Number.isSafeInteger(signed) ? signed : Number.NaN;
}

/** Parses decimal text with an optional sign. Returns NaN for anything else and beyond 2^53. */
export function parseDecimal(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const sign = bytes[start];
  const from = start < end && (sign === 0x2d || sign === 0x2b) ? start + 1 : start;
  if (from >= end) return Number.NaN;
  let value = 0;
  for (let i = from; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return Number.NaN;
  }
  return sign === 0x2d && value !== 0 ? -value : value;
}

/** Parses a PAX time, `[-]SECONDS[.FRACTION]`; digits beyond nanoseconds are cut off. Returns undefined for anything else. */
export function parsePaxTime(bytes: Uint8Array): TarTime | undefined {
  const dot = bytes.indexOf(0x2e);
  const seconds = parseDecimal(bytes, 0, dot < 0 ? bytes.length : dot);
  if (Number.isNaN(seconds)) return undefined;
  let nanoseconds = 0;
  if (dot >= 0) {
    let weight = 100_000_000;
    for (let i = dot + 1; i < bytes.length; i++) {
      const digit = (bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return undefined;
      nanoseconds += digit * weight;
      weight = Math.floor(weight / 10);
    }
  }
  if (nanoseconds === 0 || bytes[0] !== 0x2d) return { seconds, nanoseconds };
  return { seconds: seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
