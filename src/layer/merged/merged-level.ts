import type { FoundEntry } from './layer-entry.ts';
import type { MergedFile } from './merged-file.ts';
import type { PathGroup } from './path-groups.ts';

/** What of a place and in it is seen. Layers are numbered from the base up. */
export interface Visibility {
  /** The lowest layer of which the place itself is seen. */
  readonly from: number;
  /** The lowest layer of which what is inside is seen. */
  readonly inside: number;
  /** Entries inside with a number up to this one, by layer, are gone: something took the place of their directory. */
  readonly gone: ReadonlyMap<number, number>;
}

/** A place on the way down from the root. */
export interface MergedLevel extends Visibility {
  readonly path: Uint8Array;
  /** What stands here; undefined for a directory that no visible layer names, or for nothing at all. */
  readonly file: MergedFile | undefined;
}

/** What is seen above the root. */
export const everything: Visibility = { from: 0, inside: 0, gone: new Map() };

export const isDirectoryOrUnnamed = ({ file }: MergedLevel): boolean => file === undefined || file.kind === 'directory';

/** True unless something took the place of the directory that an entry was in. */
export const isLeft = ({ gone }: Visibility, layer: number, ordinal: number): boolean =>
  ordinal > (gone.get(layer) ?? -1);

export interface Judgment extends Visibility {
  /** The entry that is seen; undefined where no visible layer names what is there, if anything is. */
  readonly shown: FoundEntry | undefined;
}

/** Decides what is seen of all that layers say of a place, given what is seen in its directory. */
export function judge({ entries }: PathGroup, above: Visibility): Judgment {
  let { inside, gone } = above;
  let from = inside;
  let shown: FoundEntry | undefined;
  for (let at = 0; at < entries.length; ) {
    const { layer } = entries[at] as FoundEntry;
    if (layer < from) break;
    let standing: FoundEntry | undefined;
    let isDeleted = false;
    let replaced = -1;
    for (; entries[at]?.layer === layer; at++) {
      const found = entries[at] as FoundEntry;
      const { kind, ordinal } = found.entry;
      if (kind === 'opaque') inside = Math.max(inside, layer);
      else if (kind === 'whiteout') isDeleted = true;
      else if (isLeft(above, layer, ordinal)) {
        standing = found;
        if (kind !== 'directory') replaced = ordinal;
      }
    }
    shown ??= standing;
    if (replaced >= 0) gone = new Map([...gone, [layer, replaced]]);
    if (!isDeleted && replaced < 0) continue;
    // What took the place of a directory of the layers below goes on hiding it, even when a directory took its own.
    from = layer;
    inside = Math.max(inside, layer);
    break;
  }
  return { shown, from, inside, gone };
}
