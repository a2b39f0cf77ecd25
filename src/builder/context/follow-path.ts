import { errnoOf } from '../../sys/errno.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAt } from '../../sys/stat.ts';
import { joinPath } from './expand-wildcard.ts';

/** What a path of the context names once the symlinks on the way are followed, inside the context only. */
export interface FollowedPath {
  /** The symlinks on the way, each by the path where it really is. */
  readonly links: readonly Uint8Array[];
  readonly end: PathEnd | Lost;
}

/** A real path: no component is a symlink. Empty for the context itself. */
export interface PathEnd {
  readonly path: Uint8Array;
  readonly isDirectory: boolean;
}

/** Why a path names nothing. */
export type Lost = 'missing' | 'circular';

const root: PathEnd = { path: new Uint8Array(0), isDirectory: true };
// The kernel follows as many. Targets are short of 4096 bytes, so this bounds the number of components too.
const maxLinks = 40;
const slash = 0x2f;

/** Follows a path by hand: a rule about symlinks has to see each of them, and the kernel only tells where they end. */
export function followPath(tree: RootedTree, path: Uint8Array): FollowedPath {
  const links: Uint8Array[] = [];
  // Innermost last.
  let above: PathEnd[] = [];
  const rest = componentsOf(path).reverse();
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    const folder = above.at(-1) ?? root;
    if (!folder.isDirectory) return { links, end: 'missing' };
    if (name.length === 2 && name.equals(dotDot)) {
      above.pop();
      continue;
    }
    const place = joinPath(folder.path, name);
    const found = lookAt(tree, place);
    if (found === undefined) return { links, end: 'missing' };
    if (found.target === undefined) above.push({ path: place, isDirectory: found.stat.type === 'directory' });
    else {
      if (links.push(place) > maxLinks) return { links, end: 'circular' };
      if (found.target[0] === slash) above = [];
      rest.push(...componentsOf(found.target).reverse());
    }
  }
  return { links, end: above.at(-1) ?? root };
}

const dotDot = Buffer.from('..');

/** Without empty ones and `.`, which change nothing. */
function componentsOf(path: Uint8Array): Buffer[] {
  const bytes = Buffer.from(path.buffer, path.byteOffset, path.length);
  const found: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(slash, start);
    const component = bytes.subarray(start, end === -1 ? bytes.length : end);
    if (component.length > 0 && component.toString('latin1') !== '.') found.push(component);
    start += component.length + 1;
  }
  return found;
}

interface Seen {
  readonly stat: FileStat;
  /** Of a symlink. */
  readonly target: Uint8Array | undefined;
}

/** What stands at a path whose folders are none but real ones; undefined when it is gone. */
function lookAt(tree: RootedTree, path: Uint8Array): Seen | undefined {
  try {
    const { fd, name } = tree.parent(path);
    const stat = statAt(fd, name);
    return { stat, target: stat.type === 'symlink' ? readlinkAt(fd, name) : undefined };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP' || errno === 'EINVAL') return undefined;
    throw error;
  }
}
