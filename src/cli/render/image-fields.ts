import { humanDuration, humanSize } from '../../query/units.ts';

const shortIdLength = 12;

/** An ID as lists show it: twelve hex digits, or all of it with the algorithm. */
export const shownId = (id: string, whole: boolean): string =>
  whole ? id : id.slice(id.indexOf(':') + 1).slice(0, shortIdLength);

/** `2 weeks ago`; `N/A` where an image does not say when it was made. */
export const shownAge = (createdAt: Date | undefined, now: number): string =>
  createdAt === undefined ? 'N/A' : `${humanDuration(now - createdAt.getTime())} ago`;

/** Docker's absolute form: `2026-11-20 10:00:00 +0000 UTC`. */
export function shownTime(createdAt: Date | undefined): string {
  if (createdAt === undefined) return 'N/A';
  const [date, time] = createdAt.toISOString().split('T');
  return `${date} ${time?.slice(0, 8)} +0000 UTC`;
}

/** Three digits, as docker shows images. */
export const shownSize = (bytes: number): string => humanSize(bytes, 3);
