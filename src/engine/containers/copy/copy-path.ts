import { posix } from 'node:path';

/** A path as `cp` was given it, absolute, made shorter by its text alone as docker does. */
export interface CopyPath {
  /** Without a slash at the end. */
  readonly path: string;
  /** Ended in `/` or `/.`: a directory is meant. */
  readonly isDirectory: boolean;
  /** Ended in `/.`, or is the root: what the directory holds is meant. */
  readonly isContent: boolean;
}

/** `base` is what a relative path begins at. */
export function copyPath(given: string, base: string): CopyPath {
  const path = posix.resolve(base, given.startsWith('/') ? given : `./${given}`);
  const isContent = path === '/' || /(?:^|\/)\.$/.test(given);
  return { path, isDirectory: isContent || given.endsWith('/'), isContent };
}

/** As docker shows it: what was meant by the end is kept. */
export const shownPath = ({ path, isDirectory, isContent }: CopyPath): string =>
  path === '/' ? path : `${path}${isContent ? '/.' : isDirectory ? '/' : ''}`;
