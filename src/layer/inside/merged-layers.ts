import { invariant } from '../../lib/invariant.ts';
import { maxSymlinkHops } from '../../sys/limits.ts';
import { missingTarget } from '../apply/failures.ts';
import {
  childPlace,
  comparePlaces,
  components,
  invalidEntry,
  isDots,
  isInside,
  nameOf,
  parentPlace,
  placeOf,
} from '../place.ts';
import { maxComponents } from '../walk-path.ts';
import { EarlierTable } from './earlier-table.ts';
import { type FoundEntry, isDeletion, type LayerEntry } from './layer-entry.ts';
import type { LayerTable } from './layer-table.ts';
import { everything, isDirectoryOrUnnamed, isLeft, judge, type Level } from './level.ts';
import { type FileMaker, listMerged } from './list-merged.ts';
import { type EntryPlace, impliedDirectory, type MergedFile, mergedFile } from './merged-file.ts';
import { type PlaceGroup, PlaceGroups } from './place-groups.ts';

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
  *list(place: Uint8Array, { recursive }: { readonly recursive: boolean }): Generator<MergedFile, void> {
    const above = place.length === 0 ? [] : this.#levelsTo(parentPlace(place));
    if (above === undefined) return;
    yield* listMerged({ groups: new PlaceGroups(this.#tables, place), place, above, recursive }, this);
  }

  /** What stands at `place`; no symlink is followed. */
  at(place: Uint8Array): MergedFile | undefined {
    const level = this.#levelsTo(place)?.at(-1);
    return level && this.#fileAt(level);
  }

  /** The root, to {@link step} down from. */
  top(): Level {
    const { shown, ...visibility } = judge(this.#groupAt(root, 0), everything);
    return { ...visibility, place: root, file: shown && this.file(root, shown) };
  }

  /** What stands under a name in a directory; no symlink is followed. */
  step(above: Level, name: Uint8Array): Level {
    const place = childPlace(above.place, name);
    const { shown, ...visibility } = judge(this.#groupAt(place, above.inside), above);
    return { ...visibility, place, file: shown && this.file(place, shown) };
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
      const top = levels.at(-1) as Level;
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
    const file = this.#fileAt(levels.at(-1) as Level);
    if (file === undefined) return 'missing';
    return isSlashed && file.kind !== 'directory' ? 'not a directory' : file;
  }

  file(place: Uint8Array, found: FoundEntry): MergedFile {
    return mergedFile(place, found, found.entry.kind === 'hardlink' ? this.#linked(found) : found);
  }

  implied(level: Level): MergedFile | undefined {
    const { place, from } = level;
    if (place.length === 0) return this.#impliedRoot();
    for (let layer = from; layer < this.#tables.length; layer++) {
      const first = this.#firstInside(layer, level);
      if (first === undefined) continue;
      // One that something was put into before it was deleted has kept its attributes.
      const below =
        layer > 0 && layer === from && this.#isDeletedLater(layer, place, first)
          ? this.lowest(layer).at(place)
          : undefined;
      return below?.kind === 'directory' ? below : impliedDirectory(place, layer, first.mtime);
    }
    return undefined;
  }

  /** The entry that a file was made of. */
  entry({ layer, ordinal }: EntryPlace): LayerEntry {
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
  #levelsTo(place: Uint8Array): Level[] | undefined {
    let level = this.top();
    const levels = [level];
    for (const name of components(place)) {
      if (!isDirectoryOrUnnamed(level)) return undefined;
      level = this.step(level, name);
      levels.push(level);
    }
    return levels;
  }

  #fileAt(level: Level): MergedFile | undefined {
    return level.file ?? this.implied(level);
  }

  /** What layers from `lowest` up say of a place. */
  #groupAt(place: Uint8Array, lowest: number): PlaceGroup {
    const entries: FoundEntry[] = [];
    for (let layer = this.#tables.length - 1; layer >= lowest; layer--) {
      for (const entry of this.#entriesAt(layer, place)) entries.push({ layer, entry });
    }
    return { place, entries };
  }

  *#entriesAt(layer: number, place: Uint8Array): Generator<LayerEntry, void> {
    const table = this.#table(layer);
    const places = table.placesFrom(place);
    for (let next = places.next(); next.done !== true; next = places.next()) {
      if (comparePlaces(next.value.place, place) !== 0) return;
      yield table.entry(next.value.ordinal);
    }
  }

  /** Its time is that of the base's first entry, whatever that is. */
  #impliedRoot(): MergedFile {
    let first: number | undefined;
    const places = this.#tables[0]?.placesFrom(root);
    for (let next = places?.next(); next && next.done !== true; next = places?.next()) {
      first = Math.min(first ?? next.value.ordinal, next.value.ordinal);
    }
    const mtime = first === undefined ? { seconds: 0, nanoseconds: 0 } : this.#table(0).entry(first).mtime;
    return impliedDirectory(root, 0, mtime);
  }

  /** The entry that came first in the layer's tar of those that put something into a directory. */
  #firstInside(layer: number, { place: directory, ...seen }: Level): LayerEntry | undefined {
    const table = this.#table(layer);
    const places = table.placesFrom(directory);
    let first: LayerEntry | undefined;
    for (let next = places.next(); next.done !== true; next = places.next()) {
      const { place, ordinal } = next.value;
      if (!isInside(place, directory)) break;
      if (place.length === directory.length || (first && ordinal > first.ordinal)) continue;
      const entry = table.entry(ordinal);
      if (!isDeletion(entry) && isLeft(seen, layer, ordinal)) first = entry;
    }
    return first;
  }

  /** The lowest layer that is seen of a place deletes what lies below it there, having put `first` into it before. */
  #isDeletedLater(layer: number, place: Uint8Array, first: LayerEntry): boolean {
    const deletions = [...this.#entriesAt(layer, place)].filter(({ kind }) => kind === 'whiteout');
    for (let above = place; above.length > 0; ) {
      above = parentPlace(above);
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
    const target = placeOf(entry.linkPath);
    const own = this.#ownTarget(layer, target, entry.ordinal);
    if (own !== undefined) return own;
    // The directory may be another one by a symlink; the last name is taken as it is.
    const before = this.#before(layer, entry);
    const directory = before.resolve(parentPlace(target), { followLast: true });
    const found = typeof directory === 'object' ? before.at(childPlace(directory.path, nameOf(target))) : undefined;
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
  #ownTarget(layer: number, place: Uint8Array, end: number): FoundEntry | undefined {
    let last: LayerEntry | undefined;
    for (const entry of this.#entriesAt(layer, place)) {
      if (entry.ordinal < end && entry.kind !== 'directory' && !isDeletion(entry)) last = entry;
    }
    if (last === undefined) return undefined;
    const { ordinal: start } = last;
    for (let above = parentPlace(place); above.length > 0; above = parentPlace(above)) {
      for (const { kind, ordinal } of this.#entriesAt(layer, above)) {
        if (kind !== 'directory' && !isDeletion({ kind }) && ordinal > start && ordinal < end) return undefined;
      }
    }
    return { layer, entry: last };
  }
}
