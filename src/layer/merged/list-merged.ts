import { invariant } from '../../lib/invariant.ts';
import { isInside, parentPath } from '../tree-path.ts';
import { type FoundEntry, isDeletion } from './layer-entry.ts';
import type { MergedFile } from './merged-file.ts';
import { everything, isDirectoryOrUnnamed, isLeft, judgePath, type MergedLevel } from './merged-level.ts';
import type { PathGroup, PathGroups } from './path-groups.ts';

/** The operations of the merged layers that a listing needs. */
export interface FileMaker {
  /** Returns the file that an entry makes; a hardlink is followed. */
  toFile(path: Uint8Array, found: FoundEntry): MergedFile;
  /** Returns a directory that no visible layer names; undefined when it is missing. */
  findImplied(level: MergedLevel): MergedFile | undefined;
}

export interface ListRequest {
  /** Lines of all layers, from `path` on. */
  readonly groups: PathGroups;
  /** Path of the file or directory to list, with its content. */
  readonly path: Uint8Array;
  /** The directories above it, the root first. */
  readonly above: readonly MergedLevel[];
  /** Lists the content of its directories too. */
  readonly recursive: boolean;
}

/** Yields the visible file at a path, and the files inside, parents first, in path order. */
export function listMerged(request: ListRequest, maker: FileMaker): Generator<MergedFile, void> {
  return new Listing(request, maker).files();
}

interface ListedLevel extends MergedLevel {
  isListed: boolean;
}

/** One walk. It holds the directories on the way to the current path. */
class Listing {
  readonly #request: ListRequest;
  readonly #maker: FileMaker;
  /** The root, and the directories down to the current path. */
  readonly #levels: ListedLevel[];
  /** Number of the deepest level that is listed. */
  readonly #deepest: number;

  constructor(request: ListRequest, maker: FileMaker) {
    this.#request = request;
    this.#maker = maker;
    this.#levels = request.above.map((level) => ({ ...level, isListed: true }));
    this.#deepest = request.recursive ? Number.POSITIVE_INFINITY : request.above.length + 1;
  }

  *files(): Generator<MergedFile, void> {
    const { groups, path } = this.#request;
    for (let group = groups.next(); group && isInside(group.path, path); group = groups.next()) {
      yield* this.#take(group);
    }
    // An empty root.
    if (path.length === 0) yield* this.#list(this.#levels[0] ?? this.#push({ ...everything, path, file: undefined }));
  }

  *#take(group: PathGroup): Generator<MergedFile, void> {
    const { path } = group;
    const { groups } = this.#request;
    this.#leave(path);
    const above = path.length === 0 ? undefined : this.#enter(parentPath(path));
    if (above !== undefined && !isDirectoryOrUnnamed(above)) return groups.skip(above.path);
    const seen = above ?? everything;
    // An entry makes the directories on the way to it, even when it is not visible itself.
    const maker = group.entries.find(({ layer, entry }) => !isDeletion(entry) && isLeft(seen, layer, entry.ordinal));
    for (const level of this.#levels) {
      if (maker === undefined || level.from > maker.layer) break;
      yield* this.#list(level);
    }
    const { shown, ...visibility } = judgePath(group, seen);
    const level = this.#push({ ...visibility, path, file: shown && this.#maker.toFile(path, shown) });
    if (level.file !== undefined) yield* this.#list(level);
    const lowest = this.#levels[this.#deepest];
    if (lowest?.isListed === true) groups.skip(lowest.path);
    return undefined;
  }

  #leave(path: Uint8Array): void {
    for (let top = this.#levels.at(-1); top && !isInside(path, top.path); top = this.#levels.at(-1)) {
      this.#levels.pop();
    }
  }

  /** Adds the directories on the way that no layer names; returns the last one. */
  #enter(directory: Uint8Array): MergedLevel {
    let top = this.#levels.at(-1) ?? this.#push({ ...everything, path: directory.subarray(0, 0), file: undefined });
    while (isDirectoryOrUnnamed(top) && top.path.length < directory.length) {
      const end = directory.indexOf(0x2f, top.path.length === 0 ? 0 : top.path.length + 1);
      const path = end < 0 ? directory : directory.subarray(0, end);
      const { inside, removed } = top;
      top = this.#push({ path, from: inside, inside, removed, file: undefined });
    }
    return top;
  }

  #push(level: MergedLevel): ListedLevel {
    const pushed = { ...level, isListed: false };
    this.#levels.push(pushed);
    return pushed;
  }

  *#list(level: ListedLevel): Generator<MergedFile, void> {
    if (level.isListed) return;
    level.isListed = true;
    if (this.#levels.indexOf(level) > this.#deepest) return;
    const file = level.file ?? this.#maker.findImplied(level);
    invariant(file, 'a directory exists once an entry is inside');
    yield file;
  }
}
