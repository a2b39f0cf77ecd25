import { concatBytes, equalBytes, utf8 } from '../lib/bytes.ts';
import { invalidEntry } from './tree-path.ts';

const prefix = utf8('.wh.');
const metaPrefix = utf8('.wh..wh.');
const opaqueName = utf8('.wh..wh..opq');
const slash = 0x2f;

/** What a name says in a layer (image-spec layer.md, "Whiteouts"). */
export type NameMeaning =
  | { readonly kind: 'plain' }
  | { readonly kind: 'whiteout'; readonly hides: Uint8Array }
  | { readonly kind: 'opaque' }
  /** Book-keeping of aufs (`.wh..wh.plnk`, `.wh..wh.aufs`, `.wh..wh.orph`): never part of the image. */
  | { readonly kind: 'junk' };

const plain: NameMeaning = { kind: 'plain' };
const opaque: NameMeaning = { kind: 'opaque' };
const junk: NameMeaning = { kind: 'junk' };

const startsWith = (name: Uint8Array, start: Uint8Array): boolean =>
  name.length >= start.length && start.every((byte, at) => name[at] === byte);

/** True for every name a layer cannot give to a file, because it would mean something else. */
export const isReservedName = (name: Uint8Array): boolean =>
  name[0] === 0x2e && name[1] === 0x77 && name[2] === 0x68 && name[3] === 0x2e;

/**
 * Reads the last component of an entry's path.
 * @throws ERR_LAYER_ENTRY_INVALID for `.wh.`, `.wh..` and `.wh...`, which would name the directory or its parent
 */
export function meaningOf(name: Uint8Array, path: Uint8Array): NameMeaning {
  if (!isReservedName(name)) return plain;
  if (equalBytes(name, opaqueName)) return opaque;
  if (startsWith(name, metaPrefix)) return junk;
  const hides = name.subarray(prefix.length);
  if (hides.length === 0 || (hides.length <= 2 && hides.every((byte) => byte === 0x2e))) {
    throw invalidEntry(path, 'is an invalid whiteout');
  }
  return { kind: 'whiteout', hides };
}

/** The name a layer hides `name` with. */
export const whiteoutName = (name: Uint8Array): Uint8Array => concatBytes([prefix, name]);

/** The name that hides everything a directory holds below this layer. */
export const opaqueMarker = (): Uint8Array => opaqueName.slice();

/**
 * Whether a directory on the way to an entry is book-keeping of aufs, whose content goes with it.
 * @throws ERR_LAYER_ENTRY_INVALID for any other reserved name: it could never be archived again
 */
export function hasJunkDirectory(treePath: Uint8Array, path: Uint8Array): boolean {
  let start = 0;
  for (let end = treePath.indexOf(slash); end >= 0; end = treePath.indexOf(slash, start)) {
    if (treePath[start] === 0x2e && isReservedName(treePath.subarray(start, end))) {
      if (meaningOf(treePath.subarray(start, end), path).kind === 'junk') return true;
      throw invalidEntry(path, 'lies in a directory with the name of a whiteout');
    }
    start = end + 1;
  }
  return false;
}
