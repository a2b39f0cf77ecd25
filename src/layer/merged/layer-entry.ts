import type { FileMetadata, SparseRun, TarEntry } from '../../archive/index.ts';
import type { EntryRecord, RecordKind } from '../index-file/entry-record.ts';
import { nameStart, normalizePath } from '../tree-path.ts';
import { hasJunkDirectory, meaningOf } from '../whiteout-names.ts';

/**
 * What an entry of a layer makes, or deletes: `whiteout` deletes a name, `opaque` all that layers below have in a
 * directory.
 */
export type LayerEntryKind = Exclude<RecordKind, 'ignored'>;

/** One entry of a layer's tar, as far as it means something to a file system. */
export interface LayerEntry extends FileMetadata {
  /** Its number in the tar, from 0; entries that mean nothing are counted, too. */
  readonly ordinal: number;
  readonly kind: LayerEntryKind;
  /**
   * Where it stands, from the root and without a slash in front; the root itself is empty. For a whiteout this is the name
   * that it deletes, for `opaque` the directory.
   */
  readonly path: Uint8Array;
  /** Where a sparse file has data; absent for a dense one. */
  readonly sparse?: readonly SparseRun[] | undefined;
}

/** An entry and the number of its layer, from the base up. */
export interface FoundEntry {
  readonly layer: number;
  readonly entry: LayerEntry;
}

type Archived = FileMetadata & Pick<TarEntry, 'path' | 'sparse'> & { readonly kind: RecordKind };

/**
 * Returns what an entry of a tar means where its path alone says so; undefined for what makes nothing: book-keeping of
 * aufs, whiteouts in overlayfs's own form, and a thing without a name. The bytes are copies.
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

/** Returns a record of an index as an entry that stands where the record says; undefined for what makes nothing. */
export const entryOfRecord = (record: EntryRecord): LayerEntry | undefined =>
  record.kind === 'ignored' ? undefined : copyOf(record, record.ordinal, record.kind, record.treePath);

/** True for what deletes something of the layers below. */
export const isDeletion = ({ kind }: Pick<LayerEntry, 'kind'>): boolean => kind === 'whiteout' || kind === 'opaque';

const isNullDevice = ({ kind, deviceMajor, deviceMinor }: Archived): boolean =>
  (kind === 'character-device' || kind === 'block-device') && deviceMajor === 0 && deviceMinor === 0;

const noXattrs: LayerEntry['xattrs'] = new Map();

/** The bytes of a parsed entry share memory with a whole block of others. */
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
