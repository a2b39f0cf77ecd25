import { encodeTarHeader, type TarEntryType, tarEnd, tarPadding, tarStoredBytes } from '../../archive/index.ts';
import { StrataError } from '../../errors/index.ts';
import { concatBytes, displayBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import { LinkedNames } from '../../sys/linked-names.ts';
import type { FileStat } from '../../sys/stat.ts';
import { Chunks, type ChunksOptions } from '../chunks.ts';
import type { RecordFields, RecordKind } from '../index-file/record.ts';
import type { IndexWriter } from '../index-file/writer.ts';
import { isIndirection } from '../overlay-form.ts';
import { childPlace, nameOf, nameStart, parentPlace } from '../place.ts';
import { opaqueMarker, whiteoutName } from '../whiteout-names.ts';
import { chosen, isArchived, noXattrs, readXattrs, readXattrsAt, type Xattrs } from '../xattrs.ts';
import type { KnownEntry } from './amended-changes.ts';
import type { Change, EntryChange, OpenFile } from './change.ts';
import { sparseRuns } from './sparse-runs.ts';

type Fields = Omit<RecordFields, 'kind' | 'place' | 'typeflag' | 'storedSizeBytes' | 'body' | 'xattrsStripped'> & {
  readonly type: TarEntryType;
};

const nothing = new Uint8Array(0);
const slash = new Uint8Array([0x2f]);
const rootPath = new Uint8Array([0x2e, 0x2f]);
const epoch = { seconds: 0, nanoseconds: 0 };

/**
 * Writes changes as an archive, and as its index where one is wanted, reading each file once. The same tree gives the same
 * bytes.
 */
export class ChangeArchiver {
  readonly #index: IndexWriter | undefined;
  readonly #out: Chunks;
  /** First names of files that have several. */
  readonly #firstNames = new LinkedNames();
  /** Logical sizes of the files. */
  sizeBytes = 0;

  constructor(index: IndexWriter | undefined, options: ChunksOptions = {}) {
    this.#index = index;
    this.#out = new Chunks(options);
  }

  /**
   * The archive in chunks of up to 256 KiB, which belong to the receiver unless they are lent.
   * @throws ERR_LAYER_SOURCE_CHANGED, ERR_LAYER_DIFF_INDIRECT, ERR_TAR_UNENCODABLE
   */
  *archive(changes: Iterable<Change | KnownEntry>): Generator<Uint8Array, void> {
    for (const change of changes) {
      if (change.kind === 'entry') yield* this.#entry(change);
      else if (change.kind === 'known') yield* this.#known(change);
      else yield* this.#deletion(change);
    }
    this.#index?.trailer(tarEnd);
    yield* this.#out.put(tarEnd);
    yield* this.#out.rest();
  }

  *#deletion({ kind, place }: Exclude<Change, EntryChange>): Generator<Uint8Array, void> {
    const path =
      kind === 'opaque'
        ? childPlace(place, opaqueMarker())
        : childPlace(parentPlace(place), whiteoutName(place.subarray(nameStart(place))));
    const fields: Fields = { ...plainFields, type: 'file', path };
    yield* this.#begin(fields);
    this.#end(kind, place, fields);
  }

  *#entry(change: EntryChange): Generator<Uint8Array, void> {
    const { stat, place } = change;
    const firstName = this.#firstName(stat, place);
    if (firstName) {
      const fields: Fields = { ...fieldsOf(stat), type: 'hardlink', path: place, linkPath: firstName };
      yield* this.#begin(fields);
      this.#end('hardlink', place, fields);
    } else if (stat.type === 'file') yield* this.#file(change);
    else {
      const fields = this.#node(change);
      yield* this.#begin(fields);
      this.#end(fields.type, place, fields);
    }
  }

  *#known({ place, tree, directory, record, header }: KnownEntry): Generator<Uint8Array, void> {
    this.#index?.begin(header);
    yield* this.#out.put(header);
    if (record.body !== 'none') {
      const fd = openAt(tree.fd(directory), nameOf(place), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        yield* this.#content(fd, place, record);
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
    place: Uint8Array,
    { sparse, sizeBytes }: Pick<RecordFields, 'sparse' | 'sizeBytes'>,
  ): Generator<Uint8Array, void> {
    for (const { offset, length } of sparse ?? [{ offset: 0, length: sizeBytes }]) {
      const whole = yield* this.#out.fill(length, (into, done) => readFullyAt(fd, into, offset + done));
      if (!whole) throw sourceChanged(place);
    }
  }

  *#file(change: EntryChange): Generator<Uint8Array, void> {
    const { place, tree, directory, file } = change;
    if (file) return yield* this.#openFile(change, { ...file, xattrs: chosen(file.xattrs, isInteresting) });
    const fd = openAt(tree.fd(directory), nameOf(place), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      return yield* this.#openFile(change, { fd, xattrs: readXattrs(fd, isInteresting) });
    } finally {
      closeFd(fd);
    }
  }

  *#openFile({ stat, place }: EntryChange, { fd, content, ...file }: OpenFile): Generator<Uint8Array, void> {
    const xattrs = archived(file.xattrs, place);
    const sparse = content ? undefined : sparseRuns(fd, stat);
    const fields: Fields = { ...fieldsOf(stat), type: 'file', path: place, sizeBytes: stat.size, xattrs, sparse };
    yield* this.#begin(fields);
    if (content) yield* this.#out.put(content);
    else yield* this.#content(fd, place, fields);
    yield* this.#out.put(this.#end('file', place, fields));
    this.sizeBytes += stat.size;
  }

  #node({ stat, place, tree, directory }: EntryChange): Fields {
    const fd = tree.fd(directory);
    const name = nameOf(place);
    const xattrs = archived(readXattrsAt(fd, name, isInteresting), place);
    const fields = { ...fieldsOf(stat), path: place, xattrs };
    switch (stat.type) {
      case 'directory':
        return { ...fields, type: stat.type, path: place.length === 0 ? rootPath : concatBytes([place, slash]) };
      case 'symlink':
        return { ...fields, type: stat.type, linkPath: readlinkAt(fd, name) };
      case 'character-device':
      case 'block-device':
        return { ...fields, type: stat.type, deviceMajor: stat.nodeMajor, deviceMinor: stat.nodeMinor };
      default:
        return { ...fields, type: 'fifo' };
    }
  }

  *#begin(fields: Fields): Generator<Uint8Array, void> {
    const header = encodeTarHeader(fields);
    this.#index?.begin(header);
    yield* this.#out.put(header);
  }

  /** Answers the fill behind the body. */
  #end(kind: RecordKind, place: Uint8Array, { type, ...fields }: Fields): Uint8Array {
    const storedSizeBytes = type === 'file' ? tarStoredBytes(fields) : 0;
    const padding = tarPadding(storedSizeBytes);
    const body = storedSizeBytes === 0 ? 'none' : 'tree';
    const typeflag = typeflags[type];
    this.#index?.end({ ...fields, kind, place, typeflag, storedSizeBytes, body, xattrsStripped: false }, padding);
    return padding;
  }

  #firstName(stat: FileStat, place: Uint8Array): Uint8Array | undefined {
    if (stat.nlink < 2 || stat.type === 'directory') return undefined;
    const first = this.#firstNames.first(stat);
    if (!first) this.#firstNames.add(stat, place);
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

function archived(xattrs: Xattrs, place: Uint8Array): Xattrs {
  for (const name of xattrs.keys()) {
    if (!isIndirection(name)) continue;
    throw new StrataError({
      code: 'ERR_LAYER_DIFF_INDIRECT',
      message: `overlay directory: ${quoted(place)} has its content elsewhere (${name})`,
      hint: 'It was written to with redirect_dir or metacopy on; mount both sides and compare the trees.',
    });
  }
  return xattrs;
}

const sourceChanged = (place: Uint8Array): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_SOURCE_CHANGED',
    message: `file ${quoted(place)}: became shorter while it was archived`,
    hint: 'Pause or stop what writes to it, then try again.',
  });

const quoted = (place: Uint8Array): string => JSON.stringify(displayBytes(place));
