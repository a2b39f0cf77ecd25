import type { FileMetadata, TarTime } from '../../archive/index.ts';
import { isApplied } from '../xattrs.ts';
import type { FoundEntry, LayerEntryKind } from './layer-entry.ts';

/** What can be seen in a file system made of layers. */
export type MergedFileKind = Exclude<LayerEntryKind, 'hardlink' | 'whiteout' | 'opaque'>;

/**
 * One name in a file system made of layers, as a container sees it. The name of a hardlink has what the file that it leads to
 * has.
 */
export interface MergedFile extends FileMetadata {
  /** From the root and without a slash in front; the root itself is empty. */
  readonly path: Uint8Array;
  readonly kind: MergedFileKind;
  /** The layer that has this name: its number from the base up, from 0. */
  readonly layer: number;
  /**
   * The entry that it was made of; undefined for a directory that no layer names. Names of one file have the same one:
   * a hardlink leads to the entry with the content, which may be of a layer below.
   */
  readonly source: EntryPosition | undefined;
  /** For a hardlink: where the entry that it leads to stands; undefined for everything else. */
  readonly target: Uint8Array | undefined;
}

/** An entry of a chain of layers. */
export interface EntryPosition {
  /** Number of the layer from the base up, from 0. */
  readonly layer: number;
  readonly ordinal: number;
}

/** The file that `source` makes under the name that `named` gives it: a hardlink to the other, or the same entry. */
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

/** A directory that no layer names: root's, with the usual mode. */
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
