import { StrataError } from '../errors/index.ts';
import { sprintf } from './template/printf.ts';
import { Float } from './template/values.ts';

const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'] as const;
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'] as const;

function scale(bytes: number, base: number, units: readonly string[], precision: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return sprintf('%.*g%s', [precision, new Float(size), units[unit] ?? ''], 100);
}

/** `1.23MB`: powers of 1000. Docker shows sizes of images and containers with 3 digits, others with 4. */
export const humanSize = (bytes: number, precision = 4): string => scale(bytes, 1000, decimal, precision);

/** `1.205GiB`: powers of 1024, as docker shows memory. */
export const humanMemory = (bytes: number): string => scale(bytes, 1024, binary, 4);

const sizeForm = /^(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/i;

/**
 * Bytes from `512m`, `1.5GiB`, `100 kb`, fractions of a byte cut off. `base` 1024 is for memory (whatever the unit's
 * spelling), 1000 for disks. Throws ERR_SIZE_INVALID.
 */
export function parseSize(text: string, base: 1000 | 1024): number {
  const found = text.length > 64 ? null : sizeForm.exec(text);
  const power = 'kmgtp'.indexOf((found?.[2] ?? '').toLowerCase() || '-') + 1;
  const bytes = Math.floor(Number(found?.[1]) * base ** power);
  if (found !== null && bytes < 2 ** 63) return bytes;
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_SIZE_INVALID',
    message: `invalid size: '${text.slice(0, 100)}'`,
    hint: 'A size is a number with b, k, m, g or t behind it, for example 512m.',
  });
}

/** `About a minute`, `2 weeks`: as docker tells ages and uptimes; it adds ` ago` itself. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(milliseconds / 60_000);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(milliseconds / 3_600_000 + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(milliseconds / 3_600_000 / 24 / 365)} years`;
}
