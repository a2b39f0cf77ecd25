import type { FileMetadata, TarTime } from '../../archive/index.ts';
import { isApplied } from '../xattrs.ts';
import type { FoundEntry, LayerEntryKind } from './layer-entry.ts';

/** Kind of a file in a file system made of layers. */
export type MergedFileKind = Exclude<LayerEntryKind, 'hardlink' | 'whiteout' | 'opaque'>;

/**
 * One name in a file system made of layers, as a container sees it. The name of a hardlink has all fields of the file that
 * it leads to.
 */
export interface MergedFile extends FileMetadata {
  /** Path from the root, without a slash in front; the root itself is empty. */
  readonly path: Uint8Array;
  readonly kind: MergedFileKind;
  /** Number of the layer that has this name, from the base up, from 0. */
  readonly layer: number;
  /**
   * The entry that made the file; undefined for a directory that no layer names. All names of one file have the same
   * source: a hardlink leads to the entry with the content, possibly of a layer below.
   */
  readonly source: EntryPosition | undefined;
  /** Path of the entry that a hardlink leads to; undefined for all other files. */
  readonly target: Uint8Array | undefined;
}

/** Position of an entry in a chain of layers. */
export interface EntryPosition {
  /** Number of the layer from the base up, from 0. */
  readonly layer: number;
  readonly ordinal: number;
}

/** Returns the file that `source` makes at `path`. `named` is the entry with that path: a hardlink to `source`, or `source`. */
export function toMergedFile(path: Uint8Array, named: FoundEntry, source: FoundEntry): MergedFile {
  const { entry } = source;
  const { kind, mode, uid, gid, mtime, linkPath, deviceMajor, deviceMinor, xattrs, ordinal, sizeBytes } = entry;
  const isFile = kind === 'file';
  return {
    path,
    kind: kind as MergedFileKind,
    mode: kind === 'symlink' ? 0o777 : mode,
    uid,
    gid,
    sizeBytes: isFile ? sizeBytes : 0,
    mtime,
    linkPath,
    deviceMajor,
    deviceMinor,
    xattrs: xattrs.size === 0 ? xattrs : new Map([...xattrs].filter(([name]) => isApplied(name))),
    layer: named.layer,
    source: { layer: source.layer, ordinal },
    target: named === source ? undefined : entry.path,
  };
}

const nothing = new Uint8Array(0);

/** Returns a directory that no layer names: owned by root, with mode 755. */
export const makeImpliedDirectory = (path: Uint8Array, layer: number, mtime: TarTime): MergedFile => ({
  path,
  kind: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtime,
  linkPath: nothing,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
  layer,
  source: undefined,
  target: undefined,
});
