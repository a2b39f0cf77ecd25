import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../archive/compression/decompress.ts';
import { readTar } from '../../archive/tar/reader.ts';
import type { TarEntry } from '../../archive/tar/types.ts';
import { diskFailure } from '../../content/disk-failure.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { displayBytes, utf8 } from '../../lib/bytes.ts';
import { type ArchiveFile, type ArchiveFiles, archiveInvalid, shown } from './archive-files.ts';

// A thousand layers in docker's old form are four thousand entries.
const maxEntries = 50_000;
const maxNameBytes = 4096;
// Docker's old form links a layer to the same layer of another image, never a link to a link.
const maxLinks = 8;

/**
 * Unpacks a tar, in whatever compression, into numbered files under `directory`, which is empty and the caller's. The
 * archive's names only ever are keys of a table. Disposal removes the files.
 * @throws ERR_ARCHIVE_INVALID, ERR_NO_SPACE, what decompression and tar parsing throw, and the signal's reason
 */
export async function spoolArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: AbortOptions = {},
): Promise<ArchiveFiles> {
  const files = new SpooledFiles();
  try {
    for await (const { entry, body } of readTar(decompress(source, options), options)) {
      const key = keyOf(entry.path);
      if (key === '') continue;
      if (files.size >= maxEntries) throw archiveInvalid(`archive: more than ${maxEntries} entries`);
      if (entry.type === 'file') files.put(key, await spool(entry, body, join(directory, String(files.size))));
      // As in a folder, a hardlink is the file that had the name at that moment.
      if (entry.type === 'hardlink') files.put(key, files.get(keyOf(entry.linkPath)));
      if (entry.type === 'symlink') files.put(key, { linkTo: linkTarget(key, latin1(entry.linkPath)) });
    }
    return files;
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

type Entry = ArchiveFile | { readonly linkTo: string | undefined };

class SpooledFiles implements ArchiveFiles {
  readonly #entries = new Map<string, Entry>();
  readonly #spooled: string[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of several entries with one name the last counts, as for every program that unpacks. */
  put(key: string, entry: Entry | undefined): void {
    this.#size++;
    if (entry === undefined) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    if (entry !== undefined && 'path' in entry) this.#spooled.push(entry.path);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  find(name: string): ArchiveFile | undefined {
    let key: string | undefined = latin1(utf8(name));
    for (let links = 0; links <= maxLinks && key !== undefined; links++) {
      const entry = this.#entries.get(key);
      if (entry === undefined || 'path' in entry) return entry;
      key = entry.linkTo;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#spooled.splice(0)) rmSync(path, { force: true });
    this.#entries.clear();
  }
}

async function spool(entry: TarEntry, body: AsyncIterable<Uint8Array>, path: string): Promise<ArchiveFile> {
  // Holes of a terabyte cost nothing in an archive and everything here.
  if (entry.sparse) throw archiveInvalid(`archive entry ${shown(displayBytes(entry.path))}: is a sparse file`);
  try {
    await using file = await open(path, 'wx', 0o600);
    for await (const chunk of body) {
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw diskFailure(error, path);
  }
  return { path, sizeBytes: entry.sizeBytes };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** The one form of a name, one character a byte: no empty or `.` part. Throws ERR_ARCHIVE_INVALID for one with `..`. */
function keyOf(path: Uint8Array): string {
  const parts = partsOf(latin1(path));
  if (path.length <= maxNameBytes && !parts.includes('..')) return parts.join('/');
  throw archiveInvalid(`archive entry ${shown(displayBytes(path))}: leads out of the archive or is too long`);
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Where a symlink leads inside the archive; undefined when it leads out of it. */
function linkTarget(from: string, target: string): string | undefined {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of partsOf(target.slice(0, maxNameBytes))) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
