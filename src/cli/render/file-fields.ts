import type { MergedFile } from '../../engine/index.ts';
import { formatFileName } from './file-name.ts';

const letters: { readonly [Kind in MergedFile['kind']]: string } = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  'character-device': 'c',
  'block-device': 'b',
  fifo: 'p',
};

/** Formats kind and mode as ls does: `-rwsr-xr-x`. */
export function formatMode({ kind, mode }: Pick<MergedFile, 'kind' | 'mode'>): string {
  const bit = (at: number, letter: string): string => ((mode & (1 << at)) === 0 ? '-' : letter);
  const last = (at: number, special: number, letter: string): string => {
    if ((mode & special) === 0) return bit(at, 'x');
    return bit(at, 'x') === 'x' ? letter : letter.toUpperCase();
  };
  return [
    letters[kind],
    bit(8, 'r'),
    bit(7, 'w'),
    last(6, 0o4000, 's'),
    bit(5, 'r'),
    bit(4, 'w'),
    last(3, 0o2000, 's'),
    bit(2, 'r'),
    bit(1, 'w'),
    last(0, 0o1000, 't'),
  ].join('');
}

/** Formats the absolute path. */
export const formatPath = ({ path }: Pick<MergedFile, 'path'>): string => `/${formatFileName(path)}`;

/** Formats the size in bytes, or a device's numbers: `1,5`. */
export const formatBytes = ({ kind, deviceMajor, deviceMinor, sizeBytes }: MergedFile): string =>
  kind === 'character-device' || kind === 'block-device' ? `${deviceMajor},${deviceMinor}` : String(sizeBytes);

/** Formats the time to the minute, in UTC: an image looks the same in every time zone. */
export function formatFileTime({ mtime }: Pick<MergedFile, 'mtime'>): string {
  const time = new Date(mtime.seconds * 1000);
  return Number.isNaN(time.getTime()) ? `@${mtime.seconds}` : time.toISOString().slice(0, 16).replace('T', ' ');
}

/** Formats the time to the nanosecond as RFC 3339, or as `@` and seconds since 1970 outside the range of dates. */
export function formatExactFileTime({ mtime: { seconds, nanoseconds } }: Pick<MergedFile, 'mtime'>): string {
  const time = new Date(seconds * 1000);
  if (Number.isNaN(time.getTime())) return `@${seconds}`;
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
  return time.toISOString().replace('.000Z', `${fraction}Z`);
}
