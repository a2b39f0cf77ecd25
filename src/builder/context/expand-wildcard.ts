import { compileWildcard, hasWildcards } from '../../dockerfile/file-pattern.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY } from '../../sys/constants.ts';
import type { DirectoryEntry } from '../../sys/directory-listing.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { ifThere, unreachable } from '../../sys/if-there.ts';
import { listFd } from '../../sys/list-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';

const slash = Buffer.from('/');

/** Joins two paths; the empty path is the root. */
export const joinPath = (parent: Uint8Array, name: Uint8Array): Uint8Array =>
  parent.length === 0 ? name : Buffer.concat([parent, slash, name]);

/**
 * Returns the paths that a wildcard of COPY matches below a folder, sorted by bytes in each folder. As in BuildKit no
 * symlink is followed, only matched by the last component: `*` over a few links to `.` would multiply with every
 * component. Throws ERR_PATTERN_SYNTAX.
 */
export function expandWildcard(tree: RootedTree, folder: Uint8Array, pattern: readonly string[]): Uint8Array[] {
  let found: Uint8Array[] = [folder];
  for (const [at, component] of pattern.entries()) {
    const isLast = at === pattern.length - 1;
    if (hasWildcards(component)) {
      const matches = compileWildcard(component);
      found = found.flatMap((parent) =>
        entriesOf(tree, parent)
          .filter(({ name, type }) => (isLast || type === 'directory') && matches(displayBytes(name)))
          .map(({ name }) => joinPath(parent, name))
          .toArray(),
      );
    } else {
      const literal = removeEscapes(component);
      const flags = isLast ? O_PATH | O_NOFOLLOW : O_PATH | O_NOFOLLOW | O_DIRECTORY;
      found = found.map((parent) => joinPath(parent, literal)).filter((path) => exists(tree, path, flags));
    }
  }
  return found;
}

/** Returns the name that a component without wildcards means, as bytes. */
export const removeEscapes = (component: string): Uint8Array => Buffer.from(component.replace(/\\(.)/gs, '$1'));

/** Lists a directory, sorted by name; empty for anything else. */
function entriesOf(tree: RootedTree, directory: Uint8Array): IteratorObject<DirectoryEntry> {
  const fd = ifThere(() => tree.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), unreachable);
  if (fd === undefined) return [].values();
  try {
    return listFd(fd).sort().values();
  } finally {
    closeFd(fd);
  }
}

function exists(tree: RootedTree, path: Uint8Array, flags: number): boolean {
  const fd = ifThere(() => tree.open(path, flags), unreachable);
  if (fd === undefined) return false;
  closeFd(fd);
  return true;
}
