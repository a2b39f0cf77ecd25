import { posix } from 'node:path';

/** A path argument of `cp`, absolute and normalised by its text alone, as docker does. */
export interface CopyPath {
  /** Without a slash at the end. */
  readonly path: string;
  /** Ended in `/` or `/.`: must be a directory. */
  readonly isDirectory: boolean;
  /** Ended in `/.`, or is the root: means the content of the directory. */
  readonly isContent: boolean;
}

/** Parses a path argument. Relative paths start at `base`. */
export function parseCopyPath(given: string, base: string): CopyPath {
  const path = posix.resolve(base, given.startsWith('/') ? given : `./${given}`);
  const isContent = path === '/' || /(?:^|\/)\.$/.test(given);
  return { path, isDirectory: isContent || given.endsWith('/'), isContent };
}

/** Formats a path as docker does, with its ending `/` or `/.`. */
export const formatCopyPath = ({ path, isDirectory, isContent }: CopyPath): string =>
  path === '/' ? path : `${path}${isContent ? '/.' : isDirectory ? '/' : ''}`;
