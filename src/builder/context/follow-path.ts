import { errnoOf } from '../../sys/errno.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import type { RootedTree } from '../../sys/rooted-tree.ts';
import { type FileStat, statAt } from '../../sys/stat.ts';
import { joinPath } from './expand-wildcard.ts';

/** A path of the context with symlinks followed, inside the context only. */
export interface FollowedPath {
  /** Symlinks on the way, each by its real path. */
  readonly links: readonly Uint8Array[];
  readonly end: PathEnd | Lost;
}

/** A real path: no component is a symlink. Empty for the context itself. */
export interface PathEnd {
  readonly path: Uint8Array;
  readonly isDirectory: boolean;
}

/** Reason for a path that leads nowhere. */
export type Lost = 'missing' | 'circular';

const root: PathEnd = { path: new Uint8Array(0), isDirectory: true };
const slash = 0x2f;

/** Follows a path step by step: rules about symlinks apply to each of them, and the kernel returns only the end. */
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
    const real = joinPath(folder.path, name);
    const found = lookAt(tree, real);
    if (found === undefined) return { links, end: 'missing' };
    if (found.target === undefined) above.push({ path: real, isDirectory: found.stat.type === 'directory' });
    else {
      // Targets are shorter than 4096 bytes, so this bounds the number of components too.
      if (links.push(real) > maxSymlinkHops) return { links, end: 'circular' };
      if (found.target[0] === slash) above = [];
      rest.push(...componentsOf(found.target).reverse());
    }
  }
  return { links, end: above.at(-1) ?? root };
}

const dotDot = Buffer.from('..');

/** Splits a path into components, without empty ones and `.`. */
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

interface SeenEntry {
  readonly stat: FileStat;
  /** Target of a symlink. */
  readonly target: Uint8Array | undefined;
}

/** Returns the entry at a path with real folders only; undefined when it is missing. */
function lookAt(tree: RootedTree, path: Uint8Array): SeenEntry | undefined {
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
