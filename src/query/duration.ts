import { StrataError } from '../errors/index.ts';

const units: { readonly [name: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const maxDuration = 2n ** 63n;
const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y;

function invalid(text: string, problem?: string): StrataError {
  const shown = JSON.stringify(text.slice(0, 100));
  return new StrataError({
    code: 'ERR_DURATION_INVALID',
    message: `time: ${problem === undefined ? 'invalid duration' : `${problem} in duration`} ${shown}`,
    hint: 'Write a duration with units, for example 90s, 1h30m or 100ms.',
  });
}

/** Parses a Go duration (`1h30m`, `-1.5s`, `100ms`, `0`) into nanoseconds. Throws ERR_DURATION_INVALID with Go's message. */
export function parseDuration(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n;
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0n;
  if (body === '' || text.length > 512) throw invalid(text);
  let total = 0n;
  part.lastIndex = 0;
  while (part.lastIndex < body.length) {
    const [, whole = '', fraction = '', name = ''] = part.exec(body) ?? [];
    if (whole === '' && fraction === '') throw invalid(text);
    if (name === '') throw invalid(text, 'missing unit');
    const unit = Object.hasOwn(units, name) ? units[name] : undefined;
    if (unit === undefined) throw invalid(text, `unknown unit ${JSON.stringify(name.slice(0, 20))}`);
    // Like Go, cut off digits below a nanosecond.
    const below = (BigInt(fraction === '' ? 0 : fraction) * unit) / 10n ** BigInt(fraction.length);
    total += BigInt(whole === '' ? 0 : whole) * unit + below;
    if (total > maxDuration) throw invalid(text);
  }
  if (sign > 0n && total === maxDuration) throw invalid(text);
  return sign * total;
}

/** Formats a value in `unit` as a decimal without trailing zeros: `1.5`. */
function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}${fraction === '' || unit === 1n ? '' : `.${fraction}`}`;
}

/** Formats nanoseconds as Go's durations: `1h30m0s`, `1.5ms`, `0s`. {@link parseDuration} reads it back. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const value = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (value < 1_000n) return `${sign}${value}ns`;
  if (value < 1_000_000n) return `${sign}${decimal(value, 1_000n)}\u00b5s`;
  if (value < 1_000_000_000n) return `${sign}${decimal(value, 1_000_000n)}ms`;
  const minutes = value / 60_000_000_000n;
  const seconds = `${decimal(value % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}
