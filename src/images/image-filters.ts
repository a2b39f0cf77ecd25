import { type FilterTable, hasLabels, isWhether, lacksLabels } from '../query/filters.ts';
import { compareInstants, type Instant, instantOf, parseInstant } from '../query/instant.ts';
import { parseOnlyTime } from '../query/until-filter.ts';
import { familiarMatch, parseReference } from '../reference/index.ts';

/** An image as filters see it: under one of its names, or under none. */
export interface FilteredImage {
  readonly createdAt: Date | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The familiar form, as users write it. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
}

const labels = {
  label: hasLabels<FilteredImage>((image) => image.labels),
  'label!': lacksLabels<FilteredImage>((image) => image.labels),
};

/**
 * Returns the filters of `images`. `createdAt` returns the creation time of the image with that name or ID, and throws
 * when there is no such image.
 */
export function imageListFilters(createdAt: (name: string) => Date | undefined, now: Date): FilterTable<FilteredImage> {
  return {
    label: labels.label,
    dangling: isWhether('dangling', isDangling),
    reference: (patterns) => (image) => {
      if (image.repository === undefined || image.tag === undefined) return false;
      const reference = parseReference(`${image.repository}:${image.tag}`);
      return patterns.some((pattern) => familiarMatch(pattern, reference));
    },
    before: (names) => {
      const limits = names.map((name) => timeOf(createdAt(name)));
      return (image) => limits.every((limit) => isBefore(image, limit));
    },
    since: (names) => {
      const limits = names.map((name) => timeOf(createdAt(name)));
      return (image) =>
        limits.every((limit) => limit !== undefined && compareInstants(creationInstant(image), limit) > 0);
    },
    until: (times) => {
      const limits = times.map((time) => parseInstant(time, { now: instantOf(now.getTime()) }));
      return (image) => limits.every((limit) => isBefore(image, limit));
    },
  };
}

/** Returns the filters of `image prune`; the caller applies `dangling`. */
export const imagePruneFilters = (now: Date): FilterTable<FilteredImage> => ({
  ...labels,
  dangling: () => () => true,
  until: (times) => {
    const limit = parseOnlyTime(times, now);
    // An image without a creation time does not count as old.
    return (image) => image.createdAt !== undefined && compareInstants(creationInstant(image), limit) <= 0;
  },
});

const isDangling = ({ tag }: FilteredImage): boolean => tag === undefined;

const isBefore = (image: FilteredImage, limit: Instant | undefined): boolean =>
  limit !== undefined && compareInstants(creationInstant(image), limit) < 0;

/** Without a creation time an image is older than all others, as its zero time is in docker. */
const creationInstant = ({ createdAt }: FilteredImage): Instant =>
  timeOf(createdAt) ?? { seconds: -62_135_596_800, nanoseconds: 0 };

const timeOf = (date: Date | undefined): Instant | undefined => date && instantOf(date.getTime());
