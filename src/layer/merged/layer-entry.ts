import type { FileMetadata, SparseRun, TarEntry } from '../../archive/index.ts';
import type { EntryRecord, RecordKind } from '../index-file/entry-record.ts';
import { nameStart, normalizePath } from '../tree-path.ts';
import { hasJunkDirectory, meaningOf } from '../whiteout-names.ts';

/**
 * Kind of file that an entry makes, or of deletion: `whiteout` deletes a path, `opaque` the content that a directory has
 * in the layers below.
 */
export type LayerEntryKind = Exclude<RecordKind, 'ignored'>;

/** One entry of a layer's tar that has an effect on a file system. */
export interface LayerEntry extends FileMetadata {
  /** Its number in the tar, from 0; entries without effect are counted too. */
  readonly ordinal: number;
  readonly kind: LayerEntryKind;
  /**
   * Path from the root, without a slash in front; the root itself is empty. For a whiteout the path that it deletes, for
   * `opaque` the directory.
   */
  readonly path: Uint8Array;
  /** Data runs of a sparse file; absent for a dense one. */
  readonly sparse?: readonly SparseRun[] | undefined;
}

/** An entry and the number of its layer, from the base up. */
export interface FoundEntry {
  readonly layer: number;
  readonly entry: LayerEntry;
}

type Archived = FileMetadata & Pick<TarEntry, 'path' | 'sparse'> & { readonly kind: RecordKind };

/**
 * Returns an entry of a tar as a layer's entry at its own path, without following symlinks. Undefined for an entry without
 * effect: metadata of aufs, an overlayfs whiteout, or an entry without a name. The bytes are copies.
 * @throws ERR_LAYER_PATH_ESCAPE, ERR_LAYER_ENTRY_INVALID
 */
export function entryOfArchive(entry: Archived, ordinal: number): LayerEntry | undefined {
  const treePath = normalizePath(entry.path);
  if (entry.kind === 'ignored' || isNullDevice(entry) || hasJunkDirectory(treePath, entry.path)) return undefined;
  if (treePath.length === 0)
    return entry.kind === 'directory' ? copyOf(entry, ordinal, 'directory', treePath) : undefined;
  const start = nameStart(treePath);
  const meaning = meaningOf(treePath.subarray(start), entry.path);
  switch (meaning.kind) {
    case 'plain':
      return copyOf(entry, ordinal, entry.kind, treePath);
    case 'junk':
      return undefined;
    case 'opaque':
      return copyOf(entry, ordinal, 'opaque', treePath.subarray(0, Math.max(start - 1, 0)));
    case 'whiteout': {
      const hidden = new Uint8Array(start + meaning.hides.length);
      hidden.set(treePath.subarray(0, start));
      hidden.set(meaning.hides, start);
      return copyOf(entry, ordinal, 'whiteout', hidden);
    }
  }
}

/** Returns a record of an index as a layer's entry at the record's tree path; undefined for an entry without effect. */
export const entryOfRecord = (record: EntryRecord): LayerEntry | undefined =>
  record.kind === 'ignored' ? undefined : copyOf(record, record.ordinal, record.kind, record.treePath);

/** Returns true for an entry that deletes from the layers below. */
export const isDeletion = ({ kind }: Pick<LayerEntry, 'kind'>): boolean => kind === 'whiteout' || kind === 'opaque';

const isNullDevice = ({ kind, deviceMajor, deviceMinor }: Archived): boolean =>
  (kind === 'character-device' || kind === 'block-device') && deviceMajor === 0 && deviceMinor === 0;

const noXattrs: LayerEntry['xattrs'] = new Map();

/** Copies all bytes, because those of a parsed entry share a large buffer with other entries. */
function copyOf(entry: Archived, ordinal: number, kind: LayerEntryKind, path: Uint8Array): LayerEntry {
  const { mode, uid, gid, sizeBytes, mtime, linkPath, deviceMajor, deviceMinor, xattrs, sparse } = entry;
  return {
    ordinal,
    kind,
    path: path.slice(),
    mode,
    uid,
    gid,
    sizeBytes,
    mtime,
    linkPath: linkPath.slice(),
    deviceMajor,
    deviceMinor,
    xattrs: xattrs.size === 0 ? noXattrs : new Map([...xattrs].map(([name, value]) => [name, value.slice()])),
    sparse,
  };
}
