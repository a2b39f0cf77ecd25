import type { FoundEntry } from './layer-entry.ts';
import type { MergedFile } from './merged-file.ts';
import type { PathGroup } from './path-groups.ts';

/** Layers that are visible at a path and inside it. Layers are numbered from the base up. */
export interface Visibility {
  /** The lowest layer that is visible at the path itself. */
  readonly from: number;
  /** The lowest layer that is visible inside. */
  readonly inside: number;
  /** By layer, the number up to which entries inside are removed, because an entry replaced their directory. */
  readonly removed: ReadonlyMap<number, number>;
}

/** A path on the way down from the root. */
export interface MergedLevel extends Visibility {
  readonly path: Uint8Array;
  /** The visible file; undefined for a directory that no visible layer names, and for a missing file. */
  readonly file: MergedFile | undefined;
}

/** Visibility above the root: all layers. */
export const everything: Visibility = { from: 0, inside: 0, removed: new Map() };

export const isDirectoryOrUnnamed = ({ file }: MergedLevel): boolean => file === undefined || file.kind === 'directory';

/** Returns true unless a later entry replaced the directory that an entry was in. */
export const isLeft = ({ removed }: Visibility, layer: number, ordinal: number): boolean =>
  ordinal > (removed.get(layer) ?? -1);

export interface Judgment extends Visibility {
  /** The visible entry; undefined when no visible layer has an entry at the path. */
  readonly shown: FoundEntry | undefined;
}

/** Returns the visible one of all entries at a path, and the visibility there, given that of its directory. */
export function judgePath({ entries }: PathGroup, above: Visibility): Judgment {
  let { inside, removed } = above;
  let from = inside;
  let shown: FoundEntry | undefined;
  for (let at = 0; at < entries.length; ) {
    const { layer } = entries[at] as FoundEntry;
    if (layer < from) break;
    let last: FoundEntry | undefined;
    let isDeleted = false;
    let replaced = -1;
    for (; entries[at]?.layer === layer; at++) {
      const found = entries[at] as FoundEntry;
      const { kind, ordinal } = found.entry;
      if (kind === 'opaque') inside = Math.max(inside, layer);
      else if (kind === 'whiteout') isDeleted = true;
      else if (isLeft(above, layer, ordinal)) {
        last = found;
        if (kind !== 'directory') replaced = ordinal;
      }
    }
    shown ??= last;
    if (replaced >= 0) removed = new Map([...removed, [layer, replaced]]);
    if (!isDeleted && replaced < 0) continue;
    // An entry that replaced a directory of the layers below keeps it hidden, even when a directory replaces that entry.
    from = layer;
    inside = Math.max(inside, layer);
    break;
  }
  return { shown, from, inside, removed };
}
