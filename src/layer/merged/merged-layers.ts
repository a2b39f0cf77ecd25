import { invariant } from '../../lib/invariant.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import { missingTarget } from '../apply/failures.ts';
import {
  childPath,
  comparePaths,
  components,
  invalidEntry,
  isDots,
  isInside,
  nameOf,
  normalizePath,
  parentPath,
} from '../tree-path.ts';
import { maxComponents } from '../walk-path.ts';
import { EarlierTable } from './earlier-table.ts';
import { type FoundEntry, isDeletion, type LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';
import { type FileMaker, listMerged } from './list-merged.ts';
import { type EntryPosition, type MergedFile, makeImpliedDirectory, toMergedFile } from './merged-file.ts';
import { everything, isDirectoryOrUnnamed, isLeft, judgePath, type MergedLevel } from './merged-level.ts';
import { type PathGroup, PathGroups } from './path-groups.ts';

const root = new Uint8Array(0);
const slash = 0x2f;
// Only handmade archives have many hardlinks to other hardlinks.
const maxKnownLinks = 1 << 16;
// Limits recursion: the path to a hardlink's target may lead through another hardlink, to a symlink.
const maxNestedLinks = 100;

/** State that views of the same layers share. */
interface Shared {
  /** Entries that hardlinks lead to, by layer and number. Neither later entries nor layers above change them. */
  readonly links: Map<string, FoundEntry>;
  /** Number of hardlinks being followed. */
  readonly nested: number;
}

/** Reason why a path leads to no file. */
export type PathProblem = 'missing' | 'not a directory' | 'too many symlinks';

/**
 * Layers as a container would see them, read from their tables alone. The rules are those of `TargetTree`, which unpacks
 * them: the last entry of a name in a layer wins; a deletion affects the layers below, never an entry of the same layer;
 * only directories merge; a directory that no entry names is as below, or else owned by root.
 *
 * Memory does not grow with the number of files: it holds a batch of entries, the directories on the way to the current
 * one, and the targets of some hardlinks.
 */
export class MergedLayers implements FileMaker, Disposable {
  readonly #tables: readonly LayerTable[];
  readonly #shared: Shared;

  /** Takes tables from the base up, and closes them when disposed. */
  constructor(tables: readonly LayerTable[], shared: Shared = { links: new Map(), nested: 0 }) {
    this.#tables = tables;
    this.#shared = shared;
  }

  /** Returns a view of the lowest `count` layers, with the same tables. */
  lowest(count: number): MergedLayers {
    return new MergedLayers(this.#tables.slice(0, count), this.#shared);
  }

  /**
   * Yields the file at `path` and the files inside, parents first, in path order; none when the path is missing.
   * @throws ERR_LAYER_LINK_MISSING for a hardlink to a missing file
   */
  *list(path: Uint8Array, { recursive }: { readonly recursive: boolean }): Generator<MergedFile, void> {
    const above = path.length === 0 ? [] : this.#levelsTo(parentPath(path));
    if (above === undefined) return;
    yield* listMerged({ groups: new PathGroups(this.#tables, path), path, above, recursive }, this);
  }

  /** Returns the file at `path`, without following symlinks; undefined when it is missing. */
  at(path: Uint8Array): MergedFile | undefined {
    const level = this.#levelsTo(path)?.at(-1);
    return level && this.#fileAt(level);
  }

  /** Returns the root, to {@link step} down from. */
  top(): MergedLevel {
    const { shown, ...visibility } = judgePath(this.#groupAt(root, 0), everything);
    return { ...visibility, path: root, file: shown && this.toFile(root, shown) };
  }

  /** Returns the level of a name in a directory, without following symlinks. */
  step(above: MergedLevel, name: Uint8Array): MergedLevel {
    const path = childPath(above.path, name);
    const { shown, ...visibility } = judgePath(this.#groupAt(path, above.inside), above);
    return { ...visibility, path, file: shown && this.toFile(path, shown) };
  }

  /** Returns the file that a path leads to inside the root: symlinks are followed, `..` stops at the root. */
  resolve(path: Uint8Array, { followLast }: { readonly followLast: boolean }): MergedFile | PathProblem {
    const rest = components(path).reverse();
    const levels = [this.top()];
    const isSlashed = path.at(-1) === slash;
    let hops = 0;
    let count = 0;
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
      if (++count > maxComponents) return 'too many symlinks';
      const top = levels.at(-1) as MergedLevel;
      if (!isDirectoryOrUnnamed(top)) return 'not a directory';
      if (isDots(name, 1)) continue;
      if (isDots(name, 2)) {
        if (this.#fileAt(top) === undefined) return 'missing';
        if (levels.length > 1) levels.pop();
        continue;
      }
      const next = this.step(top, name);
      if (next.file?.kind !== 'symlink' || (rest.length === 0 && !followLast && !isSlashed)) {
        levels.push(next);
        continue;
      }
      if (++hops > maxSymlinkHops) return 'too many symlinks';
      const target = next.file.linkPath;
      if (target[0] === slash) levels.splice(1);
      rest.push(...components(target).reverse());
    }
    const file = this.#fileAt(levels.at(-1) as MergedLevel);
    if (file === undefined) return 'missing';
    return isSlashed && file.kind !== 'directory' ? 'not a directory' : file;
  }

  toFile(path: Uint8Array, found: FoundEntry): MergedFile {
    return toMergedFile(path, found, found.entry.kind === 'hardlink' ? this.#followLink(found) : found);
  }

  findImplied(level: MergedLevel): MergedFile | undefined {
    const { path, from } = level;
    if (path.length === 0) return this.#makeImpliedRoot();
    for (let layer = from; layer < this.#tables.length; layer++) {
      const first = this.#firstInside(layer, level);
      if (first === undefined) continue;
      // A directory that was filled before it was deleted has kept its attributes.
      const below =
        layer > 0 && layer === from && this.#isDeletedLater(layer, path, first)
          ? this.lowest(layer).at(path)
          : undefined;
      return below?.kind === 'directory' ? below : makeImpliedDirectory(path, layer, first.mtime);
    }
    return undefined;
  }

  /** Returns the entry that made a file. */
  entry({ layer, ordinal }: EntryPosition): LayerEntry {
    return this.#table(layer).entry(ordinal);
  }

  [Symbol.dispose](): void {
    for (const table of this.#tables) table[Symbol.dispose]();
  }

  #table(layer: number): LayerTable {
    const table = this.#tables[layer];
    invariant(table, 'layers are numbered from the base up');
    return table;
  }

  /** Returns the levels from the root to `path`; undefined when a component on the way is not a directory. */
  #levelsTo(path: Uint8Array): MergedLevel[] | undefined {
    let level = this.top();
    const levels = [level];
    for (const name of components(path)) {
      if (!isDirectoryOrUnnamed(level)) return undefined;
      level = this.step(level, name);
      levels.push(level);
    }
    return levels;
  }

  #fileAt(level: MergedLevel): MergedFile | undefined {
    return level.file ?? this.findImplied(level);
  }

  /** Returns the entries at a path of the layers from `lowest` up. */
  #groupAt(path: Uint8Array, lowest: number): PathGroup {
    const entries: FoundEntry[] = [];
    for (let layer = this.#tables.length - 1; layer >= lowest; layer--) {
      for (const entry of this.#entriesAt(layer, path)) entries.push({ layer, entry });
    }
    return { path, entries };
  }

  *#entriesAt(layer: number, path: Uint8Array): Generator<LayerEntry, void> {
    const table = this.#table(layer);
    const paths = table.pathsFrom(path);
    for (let next = paths.next(); next.done !== true; next = paths.next()) {
      if (comparePaths(next.value.path, path) !== 0) return;
      yield table.entry(next.value.ordinal);
    }
  }

  /** Returns a root that no layer names. Its time is that of the base layer's first entry. */
  #makeImpliedRoot(): MergedFile {
    let first: number | undefined;
    const paths = this.#tables[0]?.pathsFrom(root);
    for (let next = paths?.next(); next && next.done !== true; next = paths?.next()) {
      first = Math.min(first ?? next.value.ordinal, next.value.ordinal);
    }
    const mtime = first === undefined ? { seconds: 0, nanoseconds: 0 } : this.#table(0).entry(first).mtime;
    return makeImpliedDirectory(root, 0, mtime);
  }

  /** Returns the first entry in a layer's tar that made a file inside a directory. */
  #firstInside(layer: number, { path: directory, ...seen }: MergedLevel): LayerEntry | undefined {
    const table = this.#table(layer);
    const paths = table.pathsFrom(directory);
    let first: LayerEntry | undefined;
    for (let next = paths.next(); next.done !== true; next = paths.next()) {
      const { path, ordinal } = next.value;
      if (!isInside(path, directory)) break;
      if (path.length === directory.length || (first && ordinal > first.ordinal)) continue;
      const entry = table.entry(ordinal);
      if (!isDeletion(entry) && isLeft(seen, layer, ordinal)) first = entry;
    }
    return first;
  }

  /** Returns true when the layer deletes the path, or a directory above, only after its entry `first`. */
  #isDeletedLater(layer: number, path: Uint8Array, first: LayerEntry): boolean {
    const deletions = [...this.#entriesAt(layer, path)].filter(({ kind }) => kind === 'whiteout');
    for (let above = path; above.length > 0; ) {
      above = parentPath(above);
      deletions.push(...[...this.#entriesAt(layer, above)].filter(isDeletion));
    }
    return deletions.length > 0 && deletions.every(({ ordinal }) => ordinal > first.ordinal);
  }

  /** Returns the entry a hardlink leads to: its target when the link was made. Each step goes back in the tar or down a layer. */
  #followLink(link: FoundEntry): FoundEntry {
    const { links } = this.#shared;
    const passed: string[] = [];
    let at = link;
    while (at.entry.kind === 'hardlink') {
      const key = `${at.layer} ${at.entry.ordinal}`;
      const known = links.get(key);
      if (known === undefined) passed.push(key);
      at = known ?? this.#target(at);
    }
    for (const key of passed.slice(-maxKnownLinks)) links.set(key, at);
    for (const oldest of links.keys()) {
      if (links.size <= maxKnownLinks) break;
      links.delete(oldest);
    }
    return at;
  }

  #target({ layer, entry }: FoundEntry): FoundEntry {
    const target = normalizePath(entry.linkPath);
    const own = this.#ownTarget(layer, target, entry.ordinal);
    if (own !== undefined) return own;
    // A symlink may lead to another directory; the last component is not followed.
    const before = this.#before(layer, entry);
    const directory = before.resolve(parentPath(target), { followLast: true });
    const found = typeof directory === 'object' ? before.at(childPath(directory.path, nameOf(target))) : undefined;
    if (found?.source === undefined || found.kind === 'directory') throw missingTarget(target, entry.path);
    return { layer: found.source.layer, entry: this.entry(found.source) };
  }

  /** Returns the view that existed when a layer's hardlink was made. */
  #before(layer: number, { ordinal, path }: LayerEntry): MergedLayers {
    const { links, nested } = this.#shared;
    if (nested === maxNestedLinks) throw invalidEntry(path, 'leads through too many hardlinks');
    const tables = [...this.#tables.slice(0, layer), new EarlierTable(this.#table(layer), ordinal)];
    return new MergedLayers(tables, { links, nested: nested + 1 });
  }

  /** Returns a layer's last entry at a path before number `end`, unless a directory above was replaced in between. */
  #ownTarget(layer: number, path: Uint8Array, end: number): FoundEntry | undefined {
    let last: LayerEntry | undefined;
    for (const entry of this.#entriesAt(layer, path)) {
      if (entry.ordinal < end && entry.kind !== 'directory' && !isDeletion(entry)) last = entry;
    }
    if (last === undefined) return undefined;
    const { ordinal: start } = last;
    for (let above = parentPath(path); above.length > 0; above = parentPath(above)) {
      for (const { kind, ordinal } of this.#entriesAt(layer, above)) {
        if (kind !== 'directory' && !isDeletion({ kind }) && ordinal > start && ordinal < end) return undefined;
      }
    }
    return { layer, entry: last };
  }
}
