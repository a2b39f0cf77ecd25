import type { EntryRecord } from './index-file/entry-record.ts';
import { pathKey } from './tree-path.ts';

/** What a layer's index is asked for here. */
export interface LayerEntries {
  records(): Iterable<EntryRecord>;
}

/**
 * For each of the layers below, nearest first, the bytes of its files that `top` deletes: they were to be seen until then
 * and stay in the image. What another layer between had deleted or replaced before does not count. Linear in the entries
 * of all, and reads nothing below when `top` deletes nothing, and
 * nothing at all when nothing is below.
 */
export function countDeletedBytes(top: LayerEntries, below: readonly LayerEntries[]): number[] {
  if (below.length === 0) return [];
  const deleted = new HiddenPlaces();
  for (const record of top.records()) deleted.addDeletion(record);
  if (deleted.isEmpty) return below.map(() => 0);
  const hidden = new HiddenPlaces();
  return below.map((layer) => {
    let bytes = 0;
    const own: EntryRecord[] = [];
    for (const record of layer.records()) {
      const key = pathKey(record.treePath);
      if (!deleted.has(key) && !deleted.reaches(key)) continue;
      own.push(record);
      if (record.kind === 'file' && !record.shadowed && deleted.has(key) && !hidden.has(key)) bytes += record.sizeBytes;
    }
    for (const record of own) {
      hidden.addDeletion(record);
      hidden.addReplacement(record);
    }
    return bytes;
  });
}

/** Places that nothing shows through any more. */
class HiddenPlaces {
  /** True where the place itself is hidden, false where only what is in it. */
  readonly #paths = new Map<string, boolean>();
  /** The directories on the way to them. */
  readonly #above = new Set<string>();

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  addDeletion({ kind, treePath }: EntryRecord): void {
    if (kind === 'whiteout') this.#add(pathKey(treePath), true);
    else if (kind === 'opaque') this.#add(pathKey(treePath), this.#paths.get(pathKey(treePath)) ?? false);
  }

  /** Anything but a directory takes the place of what was there. */
  addReplacement({ kind, treePath }: EntryRecord): void {
    if (kind !== 'directory' && kind !== 'whiteout' && kind !== 'opaque' && kind !== 'ignored') {
      this.#add(pathKey(treePath), true);
    }
  }

  has(key: string): boolean {
    if (this.#paths.get(key) === true) return true;
    for (const directory of directoriesAbove(key)) if (this.#paths.has(directory)) return true;
    return false;
  }

  /** Something in this directory is hidden. */
  reaches(key: string): boolean {
    return this.#above.has(key);
  }

  #add(key: string, isWhole: boolean): void {
    this.#paths.set(key, isWhole);
    for (const directory of directoriesAbove(key)) this.#above.add(directory);
  }
}

/** `a/b/c` is in `a/b`, `a` and the root. */
function* directoriesAbove(key: string): Generator<string> {
  for (let end = key.lastIndexOf('/'); end >= 0; end = key.lastIndexOf('/', end - 1)) yield key.slice(0, end);
  if (key !== '') yield '';
}
