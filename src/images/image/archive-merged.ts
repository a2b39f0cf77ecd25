import { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding, tarStoredBytes } from '../../archive/index.ts';
import { isStrataError } from '../../errors/index.ts';
import type { MergedFile } from '../../layer/merged/merged-file.ts';
import type { MergedLayers } from '../../layer/merged/merged-layers.ts';
import { comparePaths, isInside } from '../../layer/tree-path.ts';
import { concatBytes, utf8 } from '../../lib/bytes.ts';
import type { ContentOptions } from './image.ts';

const slash = utf8('/');

export interface ArchiveMergedOptions extends Pick<ContentOptions, 'signal'> {
  /** Name of the topmost file in the archive. */
  readonly name: Uint8Array;
  readonly content: (file: MergedFile, options: ContentOptions) => AsyncIterable<Uint8Array>;
}

/**
 * Writes a tar of a file or tree as the layers show it, parents first, by bytes; further names of a file are hardlinks.
 */
export async function* archiveMerged(
  view: MergedLayers,
  top: MergedFile,
  { name, content, signal }: ArchiveMergedOptions,
): AsyncGenerator<Uint8Array, void> {
  const names = new ArchivedNames(view, top, name);
  for (const file of view.list(top.path, { recursive: true })) {
    signal?.throwIfAborted();
    const path = names.nameOf(file.path);
    const linkPath = names.earlierName(file);
    if (linkPath !== undefined) {
      yield encodeTarHeader({ ...fieldsOf(file), type: 'hardlink', path, linkPath });
      continue;
    }
    const { header, storedBytes, sparse } = headerOf(view, file, path);
    yield header;
    if (storedBytes > 0) yield* content(file, { stored: sparse, signal });
    yield tarPadding(storedBytes);
  }
  yield tarEnd;
}

/** Names of files in the archive, and the names under which a hardlinked file is already in it. */
class ArchivedNames {
  readonly #view: MergedLayers;
  readonly #top: MergedFile;
  readonly #name: Uint8Array;
  /** First names of files with several names. */
  readonly #first = new Map<string, Uint8Array>();

  constructor(view: MergedLayers, top: MergedFile, name: Uint8Array) {
    this.#view = view;
    this.#top = top;
    this.#name = name;
  }

  nameOf(path: Uint8Array): Uint8Array {
    const { length } = this.#top.path;
    if (path.length === length) return this.#name;
    return concatBytes([this.#name, slash, path.subarray(length === 0 ? 0 : length + 1)]);
  }

  /** Returns the name to link to; undefined for the first name of a file. */
  earlierName({ path, kind, source, target }: MergedFile): Uint8Array | undefined {
    if (source === undefined || kind === 'directory') return undefined;
    if (target === undefined && this.#first.size === 0) return undefined;
    const key = `${source.layer} ${source.ordinal}`;
    const known = this.#first.get(key);
    if (known !== undefined || target === undefined) return known;
    const isBefore = isInside(target, this.#top.path) && comparePaths(target, path) < 0;
    const existing = isBefore ? this.#view.at(target)?.source : undefined;
    const isSame = existing?.layer === source.layer && existing.ordinal === source.ordinal;
    this.#first.set(key, this.nameOf(isSame ? target : path));
    return isSame ? this.nameOf(target) : undefined;
  }
}

function headerOf(
  view: MergedLayers,
  file: MergedFile,
  path: Uint8Array,
): { readonly header: Uint8Array; readonly storedBytes: number; readonly sparse: boolean } {
  const { kind, source, sizeBytes, linkPath, deviceMajor, deviceMinor, xattrs } = file;
  const fields = { ...fieldsOf(file), type: kind, xattrs };
  if (kind === 'directory')
    return { header: encodeTarHeader({ ...fields, path: concatBytes([path, slash]) }), storedBytes: 0, sparse: false };
  if (kind !== 'file') {
    return {
      header: encodeTarHeader({ ...fields, path, linkPath, deviceMajor, deviceMinor }),
      storedBytes: 0,
      sparse: false,
    };
  }
  const sparse = source && view.entry(source).sparse;
  const asSparse = sparse && headerIfFits({ ...fields, path, sizeBytes, sparse });
  if (asSparse) return { header: asSparse, storedBytes: tarStoredBytes({ sizeBytes, sparse }), sparse: true };
  return { header: encodeTarHeader({ ...fields, path, sizeBytes }), storedBytes: sizeBytes, sparse: false };
}

/** Returns undefined for runs that are no whole blocks, which only odd programs write: our tars cannot hold them. */
function headerIfFits(fields: TarHeaderFields): Uint8Array | undefined {
  try {
    return encodeTarHeader(fields);
  } catch (error) {
    if (isStrataError(error, 'ERR_TAR_UNENCODABLE')) return undefined;
    throw error;
  }
}

const fieldsOf = ({ mode, uid, gid, mtime }: MergedFile): Pick<TarHeaderFields, 'mode' | 'uid' | 'gid' | 'mtime'> => ({
  mode,
  uid,
  gid,
  mtime,
});
