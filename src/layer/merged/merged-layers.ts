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
import { everything, isDirectoryOrUnnamed, isLeft, judge, type MergedLevel } from './merged-level.ts';
import { type PathGroup, PathGroups } from './path-groups.ts';

const root = new Uint8Array(0);
const slash = 0x2f;
// Archives in which many hardlinks lead to other hardlinks are made by hand only.
const maxKnownLinks = 1 << 16;
// Each is a call inside a call: the path to the target of a hardlink leads through another one, which is a symlink.
const maxNestedLinks = 100;

/** What views of the same layers share. */
interface Shared {
  /** Where hardlinks lead, whatever comes behind them or above. */
  readonly links: Map<string, FoundEntry>;
  /** How many hardlinks are being followed. */
  readonly nested: number;
}

/** Why a path leads to nothing. */
export type PathProblem = 'missing' | 'not a directory' | 'too many symlinks';

/**
 * What a container would see of layers, by their tables alone. The rules are those of `Tree`, which unpacks them: the last
 * entry of a name in a layer stands; a deletion reaches what lies below its layer, never what the layer itself has
 * brought; only two directories merge; a directory nobody names is what it is below, or else root's.
 *
 * Memory does not grow with the number of files: nothing is kept but a batch of entries, the directories on the way to
 * the current one, and where some hardlinks lead.
 */
export class MergedLayers implements FileMaker, Disposable {
  readonly #tables: readonly LayerTable[];
  readonly #shared: Shared;

  /** From the base up. Closes the tables with itself. */
  constructor(tables: readonly LayerTable[], shared: Shared = { links: new Map(), nested: 0 }) {
    this.#tables = tables;
    this.#shared = shared;
  }

  /** The lowest `count` layers alone, by the same tables. */
  lowest(count: number): MergedLayers {
    return new MergedLayers(this.#tables.slice(0, count), this.#shared);
  }

  /**
   * Lists what stands at `place` and in it, parents first, in path order; nothing when nothing is there.
   * @throws ERR_LAYER_LINK_MISSING for a hardlink to nothing
   */
  *list(path: Uint8Array, { recursive }: { readonly recursive: boolean }): Generator<MergedFile, void> {
    const above = path.length === 0 ? [] : this.#levelsTo(parentPath(path));
    if (above === undefined) return;
    yield* listMerged({ groups: new PathGroups(this.#tables, path), path, above, recursive }, this);
  }

  /** What stands at `place`; no symlink is followed. */
  at(path: Uint8Array): MergedFile | undefined {
    const level = this.#levelsTo(path)?.at(-1);
    return level && this.#fileAt(level);
  }

  /** The root, to {@link step} down from. */
  top(): MergedLevel {
    const { shown, ...visibility } = judge(this.#groupAt(root, 0), everything);
    return { ...visibility, path: root, file: shown && this.file(root, shown) };
  }

  /** What stands under a name in a directory; no symlink is followed. */
  step(above: MergedLevel, name: Uint8Array): MergedLevel {
    const path = childPath(above.path, name);
    const { shown, ...visibility } = judge(this.#groupAt(path, above.inside), above);
    return { ...visibility, path, file: shown && this.file(path, shown) };
  }

  /** What a path leads to inside the root: symlinks are followed, `..` stops at the root. */
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

  file(path: Uint8Array, found: FoundEntry): MergedFile {
    return toMergedFile(path, found, found.entry.kind === 'hardlink' ? this.#linked(found) : found);
  }

  implied(level: MergedLevel): MergedFile | undefined {
    const { path, from } = level;
    if (path.length === 0) return this.#impliedRoot();
    for (let layer = from; layer < this.#tables.length; layer++) {
      const first = this.#firstInside(layer, level);
      if (first === undefined) continue;
      // One that something was put into before it was deleted has kept its attributes.
      const below =
        layer > 0 && layer === from && this.#isDeletedLater(layer, path, first)
          ? this.lowest(layer).at(path)
          : undefined;
      return below?.kind === 'directory' ? below : makeImpliedDirectory(path, layer, first.mtime);
    }
    return undefined;
  }

  /** The entry that a file was made of. */
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

  /** The root, the directories on the way, and the place itself; undefined where something else is on the way. */
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
    return level.file ?? this.implied(level);
  }

  /** What layers from `lowest` up say of a place. */
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

  /** Its time is that of the base's first entry, whatever that is. */
  #impliedRoot(): MergedFile {
    let first: number | undefined;
    const paths = this.#tables[0]?.pathsFrom(root);
    for (let next = paths?.next(); next && next.done !== true; next = paths?.next()) {
      first = Math.min(first ?? next.value.ordinal, next.value.ordinal);
    }
    const mtime = first === undefined ? { seconds: 0, nanoseconds: 0 } : this.#table(0).entry(first).mtime;
    return makeImpliedDirectory(root, 0, mtime);
  }

  /** The entry that came first in the layer's tar of those that put something into a directory. */
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

  /** The lowest layer that is seen of a place deletes what lies below it there, having put `first` into it before. */
  #isDeletedLater(layer: number, path: Uint8Array, first: LayerEntry): boolean {
    const deletions = [...this.#entriesAt(layer, path)].filter(({ kind }) => kind === 'whiteout');
    for (let above = path; above.length > 0; ) {
      above = parentPath(above);
      deletions.push(...[...this.#entriesAt(layer, above)].filter(isDeletion));
    }
    return deletions.length > 0 && deletions.every(({ ordinal }) => ordinal > first.ordinal);
  }

  /** What a hardlink leads to: its target as it was when the link was made. Each step goes back in the tar or down a layer. */
  #linked(link: FoundEntry): FoundEntry {
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
    // The directory may be another one by a symlink; the last name is taken as it is.
    const before = this.#before(layer, entry);
    const directory = before.resolve(parentPath(target), { followLast: true });
    const found = typeof directory === 'object' ? before.at(childPath(directory.path, nameOf(target))) : undefined;
    if (found?.source === undefined || found.kind === 'directory') throw missingTarget(target, entry.path);
    return { layer: found.source.layer, entry: this.entry(found.source) };
  }

  /** All that stood when a layer came to a hardlink. */
  #before(layer: number, { ordinal, path }: LayerEntry): MergedLayers {
    const { links, nested } = this.#shared;
    if (nested === maxNestedLinks) throw invalidEntry(path, 'leads through too many hardlinks');
    const tables = [...this.#tables.slice(0, layer), new EarlierTable(this.#table(layer), ordinal)];
    return new MergedLayers(tables, { links, nested: nested + 1 });
  }

  /** What a layer had put at a place before it came to `end`, where nothing has taken the place of a directory above since. */
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
