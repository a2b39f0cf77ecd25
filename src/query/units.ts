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

/** Formats bytes in powers of 1000, such as `1.23MB`. Docker shows images and containers with 3 digits, others with 4. */
export const humanSize = (bytes: number, precision = 4): string => scale(bytes, 1000, decimal, precision);

/** Formats bytes in powers of 1024, such as `1.205GiB`, as docker shows memory. */
export const humanMemory = (bytes: number): string => scale(bytes, 1024, binary, 4);

/** Formats a duration as docker's ages and uptimes, such as `About a minute` or `2 weeks`, without ` ago`. */
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
