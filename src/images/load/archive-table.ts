import type { TarEntry } from '../../archive/tar/types.ts';
import { displayBytes, utf8 } from '../../lib/bytes.ts';
import { type ArchiveFile, archiveInvalid, quoteName } from './archive-files.ts';

// A thousand layers in docker's old form are four thousand entries.
const maxEntries = 50_000;
const maxNameBytes = 4096;
// Docker's old form links a layer to the same layer of another image, never to another link.
const maxLinks = 8;

type Entry = ArchiveFile | { readonly linkTo: string | undefined };

/** The files of a tar by name. The archive's names serve as keys only, never as paths. */
export class ArchiveTable {
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  /**
   * Adds the archive's next entry; `stored` is the location of a file's body.
   * @throws ERR_ARCHIVE_INVALID
   */
  add(entry: TarEntry, stored: ArchiveFile | undefined): void {
    const key = keyOf(entry.path);
    if (key === '') return;
    if (++this.#count > maxEntries) throw archiveInvalid(`archive: more than ${maxEntries} entries`);
    if (entry.type === 'file') this.#put(key, stored);
    // A hardlink is the file that had the name at that moment, as in a folder.
    if (entry.type === 'hardlink') this.#put(key, this.#entries.get(keyOf(entry.linkPath)));
    if (entry.type === 'symlink') this.#put(key, { linkTo: linkTarget(key, latin1(entry.linkPath)) });
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

  clear(): void {
    this.#entries.clear();
  }

  // The last of several entries with one name counts, as for every program that unpacks.
  #put(key: string, entry: Entry | undefined): void {
    if (entry === undefined) this.#entries.delete(key);
    else this.#entries.set(key, entry);
  }
}

/**
 * Refuses a sparse file: a terabyte of holes costs nothing in an archive and everything here. Throws
 * ERR_ARCHIVE_INVALID.
 */
export function refuseSparse(entry: TarEntry): void {
  if (entry.sparse) throw archiveInvalid(`archive entry ${quoteName(displayBytes(entry.path))}: is a sparse file`);
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/**
 * Returns the canonical form of a name, one character a byte, without empty or `.` parts. Throws ERR_ARCHIVE_INVALID
 * for a name with `..`.
 */
function keyOf(path: Uint8Array): string {
  const parts = partsOf(latin1(path));
  if (path.length <= maxNameBytes && !parts.includes('..')) return parts.join('/');
  throw archiveInvalid(`archive entry ${quoteName(displayBytes(path))}: leads out of the archive or is too long`);
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Returns the target of a symlink inside the archive; undefined when it leads out of it. */
function linkTarget(from: string, target: string): string | undefined {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of partsOf(target.slice(0, maxNameBytes))) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}
