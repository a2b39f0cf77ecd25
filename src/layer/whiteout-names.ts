import { concatBytes, equalBytes, utf8 } from '../lib/bytes.ts';
import { invalidEntry } from './tree-path.ts';

const prefix = utf8('.wh.');
const metaPrefix = utf8('.wh..wh.');
const opaqueName = utf8('.wh..wh..opq');
const slash = 0x2f;

/** Meaning of a name in a layer (image-spec layer.md, "Whiteouts"). */
export type NameMeaning =
  | { readonly kind: 'plain' }
  | { readonly kind: 'whiteout'; readonly hides: Uint8Array }
  | { readonly kind: 'opaque' }
  /** Metadata of aufs (`.wh..wh.plnk`, `.wh..wh.aufs`, `.wh..wh.orph`): never part of the image. */
  | { readonly kind: 'junk' };

const plain: NameMeaning = { kind: 'plain' };
const opaque: NameMeaning = { kind: 'opaque' };
const junk: NameMeaning = { kind: 'junk' };

const startsWith = (name: Uint8Array, start: Uint8Array): boolean =>
  name.length >= start.length && start.every((byte, at) => name[at] === byte);

/** Returns true for a name that no file of a layer can have, because it has another meaning. */
export const isReservedName = (name: Uint8Array): boolean =>
  name[0] === 0x2e && name[1] === 0x77 && name[2] === 0x68 && name[3] === 0x2e;

/**
 * Returns the meaning of the last component of an entry's path.
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

/** Returns the name of the entry that hides `name`. */
export const whiteoutName = (name: Uint8Array): Uint8Array => concatBytes([prefix, name]);

/** Returns the name of the entry that hides the whole content of its directory in the layers below. */
export const opaqueMarker = (): Uint8Array => opaqueName.slice();

/**
 * Returns true when a directory above an entry is metadata of aufs, so that the entry is too.
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
