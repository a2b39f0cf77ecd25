import { excerpt, quote } from '../quote.ts';

const unitNanoseconds: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const largest = (1n << 63n) - 1n;
const part = /([0-9]*)(?:\.([0-9]*))?([^.0-9]*)/y;

/**
 * Parses a Go duration (`1h30m`, `1.5s`, `-100ms`) into nanoseconds, or returns the problem in Go's words. Above 2^53
 * ns (104 days) the result is the nearest double.
 */
export function parseDuration(text: string): number | { readonly problem: string } {
  const shown = quote(excerpt(text));
  const invalid = { problem: `time: invalid duration ${shown}` };
  const negative = text.startsWith('-');
  const digits = negative || text.startsWith('+') ? text.slice(1) : text;
  if (digits === '0') return 0;
  if (digits === '') return invalid;
  let total = 0n;
  part.lastIndex = 0;
  while (part.lastIndex < digits.length) {
    const match = part.exec(digits);
    const [whole, fraction, unit] = [match?.[1] ?? '', match?.[2] ?? '', match?.[3] ?? ''];
    // No duration has more than nineteen digits; the cap keeps hostile ones from costly arithmetic.
    if (whole + fraction === '' || whole.length > 30) return invalid;
    if (unit === '') return { problem: `time: missing unit in duration ${shown}` };
    const scale = unitNanoseconds.get(unit);
    if (scale === undefined) return { problem: `time: unknown unit ${quote(excerpt(unit))} in duration ${shown}` };
    const exact = fraction.slice(0, 18);
    total += BigInt(whole === '' ? 0 : whole) * scale;
    total += (BigInt(exact === '' ? 0 : exact) * scale) / 10n ** BigInt(exact.length);
    if (total > largest + (negative ? 1n : 0n)) return invalid;
  }
  return negative ? -Number(total) : Number(total);
}
