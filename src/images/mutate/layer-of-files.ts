import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding } from '../../archive/index.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { comparePaths, components, isInside, nameStart, normalizePath } from '../../layer/tree-path.ts';
import { isReservedName, opaqueMarker, whiteoutName } from '../../layer/whiteout-names.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { concatBytes, displayBytes, equalBytes, utf8 } from '../../lib/bytes.ts';
import { instantOf } from '../../query/instant.ts';
import type { Layer } from '../image/image.ts';
import { layerOfTar } from './layer-of-tar.ts';
import { sourceUnreadable } from './source-unreadable.ts';

/** Fields that every new file has. */
export interface NewFileFields {
  /** From the root. */
  readonly path: string | Uint8Array;
  /** Default: 0644; 0755 for a directory. */
  readonly mode?: number | undefined;
  /** Default: 0, root. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Default: the beginning of 1970, so that the same files always make the same layer. */
  readonly mtime?: Date | undefined;
}

/**
 * An entry for a new layer. `whiteout` deletes a name in the layers below, `opaque` everything they have in a
 * directory.
 */
export type NewFile =
  | (NewFileFields & {
      readonly kind: 'file';
      /** Text becomes UTF-8; `from` is the path of a file on this machine. */
      readonly content: string | Uint8Array | { readonly from: string };
    })
  | (NewFileFields & { readonly kind: 'directory' })
  | (NewFileFields & { readonly kind: 'symlink'; readonly target: string | Uint8Array })
  | (Pick<NewFileFields, 'path'> & { readonly kind: 'whiteout' })
  | (Pick<NewFileFields, 'path'> & { readonly kind: 'opaque' });

/**
 * Returns a layer of exactly these files, sorted, so that equal input gives an equal layer. A directory that is not
 * among them keeps its attributes from the layers below, or is created as root's. Files named by `from` are read each
 * time the layer is read.
 *
 * ```ts
 * const layer = await layerOfFiles([
 *   { kind: 'file', path: 'app', content: { from: 'dist/app' }, mode: 0o755 },
 *   { kind: 'whiteout', path: 'etc/old.conf' },
 * ]);
 * ```
 * @throws ERR_LAYER_FILE_INVALID for a path that is given twice, leads out of the root or lies below something other
 * than a directory, for a file, symlink or whiteout at the root, for an invalid field, and for a `from` that is no
 * regular file; ERR_SYSCALL_* when one cannot be read; ERR_LAYER_SOURCE_CHANGED when one has more or fewer bytes than
 * its size
 */
export async function layerOfFiles(files: readonly NewFile[], options: AbortOptions = {}): Promise<Layer> {
  const sorted = files.map(placeFile).sort((a, b) => comparePaths(a.path, b.path));
  refuseConflicts(sorted);
  return await layerOfTar(() => tarOf(sorted), options);
}

/** Expects the content of a directory right behind it. */
function refuseConflicts(files: readonly PlacedFile[]): void {
  let before: PlacedFile | undefined;
  for (const next of files) {
    const { path } = next;
    if (before !== undefined && equalBytes(path, before.path)) throw invalidFile(path, 'is given twice');
    if (before !== undefined && before.file.kind !== 'directory' && isInside(path, before.path)) {
      throw invalidFile(path, `lies in a ${before.file.kind}`);
    }
    before = next;
  }
}

interface PlacedFile {
  /** Its path in the tar. */
  readonly path: Uint8Array;
  readonly file: NewFile;
}

const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === 'string' ? utf8(text) : text);

function placeFile(file: NewFile): PlacedFile {
  const path = normalizeNewPath(bytesOf(file.path));
  checkFields(path, file);
  const start = nameStart(path);
  const name = path.subarray(start);
  if (components(path).some(isReservedName))
    throw invalidFile(path, 'has the name of a deletion: give it the kind whiteout or opaque');
  if (file.kind === 'opaque')
    return { path: path.length === 0 ? opaqueMarker() : concatBytes([path, utf8('/'), opaqueMarker()]), file };
  if (path.length === 0 && file.kind !== 'directory') throw invalidFile(path, 'is the root');
  if (file.kind === 'whiteout') return { path: concatBytes([path.subarray(0, start), whiteoutName(name)]), file };
  return { path, file };
}

function normalizeNewPath(path: Uint8Array): Uint8Array {
  try {
    return normalizePath(path);
  } catch (error) {
    if (isStrataError(error, 'ERR_LAYER_PATH_ESCAPE')) throw invalidFile(path, 'leads out of the root');
    if (isStrataError(error, 'ERR_LAYER_ENTRY_INVALID')) throw invalidFile(path, 'is too long, or holds a NUL byte');
    throw error;
  }
}

function checkFields(path: Uint8Array, file: NewFile): void {
  if (!kinds.includes(file.kind)) throw invalidFile(path, `has an unknown kind; there are ${kinds.join(', ')}`);
  if (file.kind === 'whiteout' || file.kind === 'opaque') return;
  const { mode = 0, uid = 0, gid = 0, mtime } = file;
  if (!isCount(mode, 0o7777)) throw invalidFile(path, `has an invalid mode: ${mode}`);
  if (!isCount(uid, maxId) || !isCount(gid, maxId)) throw invalidFile(path, `has an invalid owner: ${uid}:${gid}`);
  if (mtime !== undefined && !isTime(mtime)) throw invalidFile(path, 'has an invalid time');
}

const kinds: readonly NewFile['kind'][] = ['file', 'directory', 'symlink', 'whiteout', 'opaque'];

// The highest 32-bit number is no owner: `chown` takes it for “leave it”.
const maxId = 0xffff_fffe;

const isTime = (value: unknown): boolean => value instanceof Date && !Number.isNaN(value.getTime());

const isCount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;

async function* tarOf(files: readonly PlacedFile[]): AsyncGenerator<Uint8Array, void> {
  for (const { path, file } of files) {
    if (file.kind !== 'file') {
      yield encodeTarHeader(headerOf(path, file));
      continue;
    }
    const { content } = file;
    if (typeof content === 'object' && 'from' in content) {
      yield* tarOfSource(headerOf(path, file), content.from);
      continue;
    }
    const bytes = bytesOf(content);
    yield encodeTarHeader({ ...headerOf(path, file), sizeBytes: bytes.length });
    yield bytes;
    yield tarPadding(bytes.length);
  }
  yield tarEnd;
}

async function* tarOfSource(header: TarHeaderFields, from: string): AsyncGenerator<Uint8Array, void> {
  await using source = await openSource(from);
  const { size } = await source.stat();
  yield encodeTarHeader({ ...header, sizeBytes: size });
  let left = size;
  for await (const chunk of bytesOfSource(source, from)) {
    left -= chunk.length;
    // Any further byte would be read as the next header.
    if (left < 0) throw sizeChanged(from);
    yield chunk;
  }
  if (left > 0) throw sizeChanged(from);
  yield tarPadding(size);
}

/** Opens a regular file. Throws ERR_LAYER_FILE_INVALID for anything else, without waiting for the writer of a fifo. */
async function openSource(from: string): Promise<FileHandle> {
  await using opened = new AsyncDisposableStack();
  try {
    const source = opened.use(await open(from, constants.O_RDONLY | constants.O_NONBLOCK));
    if (!(await source.stat()).isFile()) throw notRegular(from);
    opened.move();
    return source;
  } catch (error) {
    throw sourceUnreadable(error, from);
  }
}

async function* bytesOfSource(source: FileHandle, from: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* source.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw sourceUnreadable(error, from);
  }
}

function headerOf(path: Uint8Array, file: NewFile): TarHeaderFields {
  if (file.kind === 'whiteout' || file.kind === 'opaque')
    return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: epoch };
  const { kind, mode, uid = 0, gid = 0, mtime } = file;
  const fields = { uid, gid, mtime: mtime === undefined ? epoch : instantOf(mtime.getTime()) };
  if (kind === 'directory') {
    const name = path.length === 0 ? utf8('./') : concatBytes([path, utf8('/')]);
    return { ...fields, path: name, type: 'directory', mode: mode ?? 0o755 };
  }
  if (kind === 'symlink')
    return { ...fields, path, type: 'symlink', mode: mode ?? 0o777, linkPath: bytesOf(file.target) };
  return { ...fields, path, type: 'file', mode: mode ?? 0o644 };
}

const epoch = { seconds: 0, nanoseconds: 0 };

const notRegular = (from: string): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_FILE_INVALID',
    message: `layer file from ${from}: is no regular file`,
    hint: 'Give the path of a regular file.',
  });

const sizeChanged = (from: string): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_SOURCE_CHANGED',
    message: `layer file from ${from}: does not have the size that it reported`,
    hint: 'Copy the file, and make the layer from the copy: something writes to it, or the kernel generates its content.',
  });

const invalidFile = (path: Uint8Array, why: string): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_FILE_INVALID',
    message: `layer file ${JSON.stringify(`/${displayBytes(path)}`)}: ${why}`,
    hint: 'Give each file its own path below the root, and valid fields.',
  });
