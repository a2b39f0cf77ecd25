import type { EntryRecord } from './index-file/entry-record.ts';
import { pathKey } from './tree-path.ts';

/** The part of a layer's index that {@link countDeletedBytes} reads. */
export interface LayerEntries {
  records(): Iterable<EntryRecord>;
}

/**
 * Returns for each of the layers below, nearest first, the bytes of its files that `top` deletes: visible until then,
 * and still part of the image. Files that a layer between had deleted or replaced before do not count. Linear in the
 * entries of all layers. Reads no layer below when `top` deletes nothing, and no layer at all when `below` is empty.
 */
export function countDeletedBytes(top: LayerEntries, below: readonly LayerEntries[]): number[] {
  if (below.length === 0) return [];
  const deleted = new HiddenPaths();
  for (const record of top.records()) deleted.addDeletion(record);
  if (deleted.isEmpty) return below.map(() => 0);
  const hidden = new HiddenPaths();
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

/** Paths at which the layers below are no longer visible. */
class HiddenPaths {
  /** True when the path itself is hidden, false when only the content of its directory is. */
  readonly #paths = new Map<string, boolean>();
  /** The directories above them. */
  readonly #above = new Set<string>();

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  addDeletion({ kind, treePath }: EntryRecord): void {
    if (kind === 'whiteout') this.#add(pathKey(treePath), true);
    else if (kind === 'opaque') this.#add(pathKey(treePath), this.#paths.get(pathKey(treePath)) ?? false);
  }

  /** Any entry but a directory replaces the one below at its path. */
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

  /** True when something in this directory is hidden. */
  reaches(key: string): boolean {
    return this.#above.has(key);
  }

  #add(key: string, isWhole: boolean): void {
    this.#paths.set(key, isWhole);
    for (const directory of directoriesAbove(key)) this.#above.add(directory);
  }
}

/** Yields the directories above a path, nearest first: for `a/b/c` they are `a/b`, `a` and the root. */
function* directoriesAbove(key: string): Generator<string> {
  for (let end = key.lastIndexOf('/'); end >= 0; end = key.lastIndexOf('/', end - 1)) yield key.slice(0, end);
  if (key !== '') yield '';
}
