import { compileWildcard, hasWildcards } from '../../dockerfile/file-pattern.ts';
import { compareBytes, displayBytes } from '../../lib/bytes.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from '../../sys/constants.ts';
import { errnoOf } from '../../sys/errno.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { listFd } from '../../sys/list-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';

const slash = Buffer.from('/');

/** A path below another; the empty path is the root. */
export const joinPath = (parent: Uint8Array, name: Uint8Array): Uint8Array =>
  parent.length === 0 ? name : Buffer.concat([parent, slash, name]);

/**
 * Paths that a wildcard of COPY matches, byte-wise sorted folder by folder. Symlinks are followed up to the first
 * wildcard only, as BuildKit does: behind it, `*` over a few links to `.` would multiply with every component.
 * Throws ERR_PATTERN_SYNTAX.
 */
export function expandWildcard(tree: RootedTree, pattern: string): Uint8Array[] {
  let found: Uint8Array[] = [new Uint8Array(0)];
  let isBehind = false;
  const components = pattern.split('/');
  for (const [at, component] of components.entries()) {
    if (hasWildcards(component)) {
      const matches = compileWildcard(component);
      const flags = isBehind ? O_NOFOLLOW : 0;
      found = found.flatMap((parent) =>
        namesIn(tree, parent, flags)
          .filter((name) => matches(displayBytes(name)))
          .map((name) => joinPath(parent, name)),
      );
      isBehind = true;
    } else {
      const literal = Buffer.from(component.replace(/\\(.)/gs, '$1'));
      const flags = at < components.length - 1 ? O_PATH | O_NOFOLLOW | O_DIRECTORY : O_PATH | O_NOFOLLOW;
      found = found
        .map((parent) => joinPath(parent, literal))
        .filter((path) => !isBehind || isThere(tree, path, flags));
    }
  }
  return found;
}

/** Names in a directory; none when it is no directory (any more). */
function namesIn(tree: RootedTree, directory: Uint8Array, flags: number): Uint8Array[] {
  const fd = tryOpen(() => tree.open(directory, O_RDONLY | O_DIRECTORY | flags));
  if (fd === undefined) return [];
  try {
    return listFd(fd)
      .map(({ name }) => name)
      .sort(compareBytes);
  } finally {
    closeFd(fd);
  }
}

function isThere(tree: RootedTree, path: Uint8Array, flags: number): boolean {
  const fd = tryOpen(() => tree.open(path, flags));
  if (fd === undefined) return false;
  closeFd(fd);
  return true;
}

function tryOpen(open: () => number): number | undefined {
  try {
    return open();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
    throw error;
  }
}
