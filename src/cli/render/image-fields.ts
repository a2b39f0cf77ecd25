import { humanDuration, humanSize } from '../../query/units.ts';

const shortIdLength = 12;

/** Formats an ID for lists: twelve hex digits, or all of it with the algorithm. */
export const formatId = (id: string, whole: boolean): string =>
  whole ? id : id.slice(id.indexOf(':') + 1).slice(0, shortIdLength);

/** Formats an age, such as `2 weeks ago`; `N/A` for an image without a time. */
export const formatAge = (createdAt: Date | undefined, now: number): string =>
  createdAt === undefined ? 'N/A' : `${humanDuration(now - createdAt.getTime())} ago`;

/** Formats a time as docker does: `2026-11-20 10:00:00 +0000 UTC`. */
export function formatTime(createdAt: Date | undefined): string {
  if (createdAt === undefined) return 'N/A';
  const [date, time] = createdAt.toISOString().split('T');
  return `${date} ${time?.slice(0, 8)} +0000 UTC`;
}

/** Formats a size with three digits, as docker does for images. */
export const formatSize = (bytes: number): string => humanSize(bytes, 3);
