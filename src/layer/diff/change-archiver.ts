import { encodeTarHeader, type TarEntryType, tarEnd, tarPadding, tarStoredBytes } from '../../archive/index.ts';
import { StrataError } from '../../errors/index.ts';
import { concatBytes, displayBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import { LinkedNames } from '../../sys/linked-names.ts';
import type { FileStat } from '../../sys/stat.ts';
import { Chunks, type ChunksOptions } from '../chunks.ts';
import type { RecordFields, RecordKind } from '../index-file/entry-record.ts';
import type { IndexWriter } from '../index-file/index-writer.ts';
import { isIndirection } from '../overlay-form.ts';
import { childPath, nameOf, nameStart, parentPath } from '../tree-path.ts';
import { opaqueMarker, whiteoutName } from '../whiteout-names.ts';
import { filterXattrs, isArchived, noXattrs, readXattrs, readXattrsAt, type Xattrs } from '../xattrs.ts';
import type { DiffChange, EntryChange, EntryFile } from './change.ts';
import type { KnownEntry } from './merge-amendments.ts';
import { sparseRuns } from './sparse-runs.ts';

type HeaderFields = Omit<
  RecordFields,
  'kind' | 'treePath' | 'typeflag' | 'storedSizeBytes' | 'body' | 'xattrsStripped'
> & {
  readonly type: TarEntryType;
};

const nothing = new Uint8Array(0);
const slash = new Uint8Array([0x2f]);
const rootPath = new Uint8Array([0x2e, 0x2f]);
const epoch = { seconds: 0, nanoseconds: 0 };

/**
 * Writes changes as an archive, and its index if requested, reading each file once. The same tree gives the same bytes.
 */
export class ChangeArchiver {
  readonly #index: IndexWriter | undefined;
  readonly #out: Chunks;
  /** First names of files with several names. */
  readonly #firstNames = new LinkedNames();
  /** Sum of the logical sizes of the files. */
  sizeBytes = 0;

  constructor(index: IndexWriter | undefined, options: ChunksOptions = {}) {
    this.#index = index;
    this.#out = new Chunks(options);
  }

  /**
   * Yields the archive in chunks of up to 256 KiB, which belong to the receiver unless `reuseBuffer` is set.
   * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
   */
  *archive(changes: Iterable<DiffChange | KnownEntry>): Generator<Uint8Array, void> {
    for (const change of changes) {
      if (change.kind === 'entry') yield* this.#entry(change);
      else if (change.kind === 'known') yield* this.#known(change);
      else yield* this.#deletion(change);
    }
    this.#index?.trailer(tarEnd);
    yield* this.#out.put(tarEnd);
    yield* this.#out.rest();
  }

  *#deletion({ kind, path: treePath }: Exclude<DiffChange, EntryChange>): Generator<Uint8Array, void> {
    const path =
      kind === 'opaque'
        ? childPath(treePath, opaqueMarker())
        : childPath(parentPath(treePath), whiteoutName(treePath.subarray(nameStart(treePath))));
    const fields: HeaderFields = { ...plainFields, type: 'file', path };
    yield* this.#begin(fields);
    this.#end(kind, treePath, fields);
  }

  *#entry(change: EntryChange): Generator<Uint8Array, void> {
    const { stat, path: treePath } = change;
    const firstName = this.#firstName(stat, treePath);
    if (firstName) {
      const fields: HeaderFields = { ...fieldsOf(stat), type: 'hardlink', path: treePath, linkPath: firstName };
      yield* this.#begin(fields);
      this.#end('hardlink', treePath, fields);
    } else if (stat.type === 'file') yield* this.#file(change);
    else {
      const fields = this.#node(change);
      yield* this.#begin(fields);
      this.#end(fields.type, treePath, fields);
    }
  }

  *#known({ path, tree, directory, record, header }: KnownEntry): Generator<Uint8Array, void> {
    this.#index?.begin(header);
    yield* this.#out.put(header);
    if (record.body !== 'none') {
      const fd = openAt(tree.fd(directory), nameOf(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        yield* this.#content(fd, path, record);
      } finally {
        closeFd(fd);
      }
    }
    const padding = tarPadding(record.storedSizeBytes);
    this.#index?.end(record, padding);
    yield* this.#out.put(padding);
    if (record.kind === 'file') this.sizeBytes += record.sizeBytes;
  }

  *#content(
    fd: number,
    path: Uint8Array,
    { sparse, sizeBytes }: Pick<RecordFields, 'sparse' | 'sizeBytes'>,
  ): Generator<Uint8Array, void> {
    for (const { offset, length } of sparse ?? [{ offset: 0, length: sizeBytes }]) {
      const whole = yield* this.#out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
      if (!whole) throw sourceChanged(path);
    }
  }

  *#file(change: EntryChange): Generator<Uint8Array, void> {
    const { path, tree, directory, file } = change;
    if (file) return yield* this.#openFile(change, { ...file, xattrs: filterXattrs(file.xattrs, isInteresting) });
    const fd = openAt(tree.fd(directory), nameOf(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      return yield* this.#openFile(change, { fd, xattrs: readXattrs(fd, isInteresting) });
    } finally {
      closeFd(fd);
    }
  }

  *#openFile({ stat, path }: EntryChange, { fd, content, ...file }: EntryFile): Generator<Uint8Array, void> {
    const xattrs = checkIndirection(file.xattrs, path);
    const sparse = content ? undefined : sparseRuns(fd, stat);
    const fields: HeaderFields = { ...fieldsOf(stat), type: 'file', path, sizeBytes: stat.size, xattrs, sparse };
    yield* this.#begin(fields);
    if (content) yield* this.#out.put(content);
    else yield* this.#content(fd, path, fields);
    yield* this.#out.put(this.#end('file', path, fields));
    this.sizeBytes += stat.size;
  }

  #node({ stat, path, tree, directory }: EntryChange): HeaderFields {
    const fd = tree.fd(directory);
    const name = nameOf(path);
    const xattrs = checkIndirection(readXattrsAt(fd, name, isInteresting), path);
    const fields = { ...fieldsOf(stat), path, xattrs };
    switch (stat.type) {
      case 'directory':
        return { ...fields, type: stat.type, path: path.length === 0 ? rootPath : concatBytes([path, slash]) };
      case 'symlink':
        return { ...fields, type: stat.type, linkPath: readlinkAt(fd, name) };
      case 'character-device':
      case 'block-device':
        return { ...fields, type: stat.type, deviceMajor: stat.nodeMajor, deviceMinor: stat.nodeMinor };
      default:
        return { ...fields, type: 'fifo' };
    }
  }

  *#begin(fields: HeaderFields): Generator<Uint8Array, void> {
    const header = encodeTarHeader(fields);
    this.#index?.begin(header);
    yield* this.#out.put(header);
  }

  /** Ends the entry in the index; returns the padding behind the body. */
  #end(kind: RecordKind, treePath: Uint8Array, { type, ...fields }: HeaderFields): Uint8Array {
    const storedSizeBytes = type === 'file' ? tarStoredBytes(fields) : 0;
    const padding = tarPadding(storedSizeBytes);
    const body = storedSizeBytes === 0 ? 'none' : 'tree';
    const typeflag = typeflags[type];
    this.#index?.end({ ...fields, kind, treePath, typeflag, storedSizeBytes, body, xattrsStripped: false }, padding);
    return padding;
  }

  #firstName(stat: FileStat, path: Uint8Array): Uint8Array | undefined {
    if (stat.nlink < 2 || stat.type === 'directory') return undefined;
    const first = this.#firstNames.first(stat);
    if (!first) this.#firstNames.add(stat, path);
    return first;
  }
}

const typeflags: { readonly [Type in TarEntryType]: number } = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  'character-device': 0x33,
  'block-device': 0x34,
  directory: 0x35,
  fifo: 0x36,
};

const plainFields = {
  mode: 0,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtime: epoch,
  linkPath: nothing,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: noXattrs,
  sparse: undefined,
};

const fieldsOf = ({ permissions, uid, gid, mtime }: FileStat): typeof plainFields => ({
  ...plainFields,
  mode: permissions,
  uid,
  gid,
  mtime,
});

const isInteresting = (name: string): boolean => isArchived(name) || isIndirection(name);

function checkIndirection(xattrs: Xattrs, path: Uint8Array): Xattrs {
  for (const name of xattrs.keys()) {
    if (!isIndirection(name)) continue;
    throw new StrataError({
      code: 'ERR_LAYER_DIFF_INDIRECT',
      message: `overlay directory: the content of ${quote(path)} is elsewhere (${name})`,
      hint: 'The directory was written with the overlayfs options redirect_dir or metacopy: mount both sides and compare the trees.',
    });
  }
  return xattrs;
}

const sourceChanged = (path: Uint8Array): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_SOURCE_CHANGED',
    message: `file ${quote(path)}: became shorter while it was archived`,
    hint: 'Pause or stop the program that changes it, then try again.',
  });

const quote = (path: Uint8Array): string => JSON.stringify(displayBytes(path));
