import { statfsSync } from 'node:fs';
import type { FileStat } from '../../sys/stat.ts';
import { readFields, writeFields } from './fields-file.ts';

/** Digest of a file's bytes and xattrs, and the stamp it was read with. */
interface KnownFile {
  readonly stamp: string;
  readonly digest: string;
}

const magic = 'strata-context-digests-v1';
// Racily clean, in git's words: a file changed twice within one tick of its filesystem's clock looks the same before
// and after the second change. FAT's tick is two seconds, and a server's clock may be off by some.
const safeAgeMs = 3000;

/**
 * Digests of a context's files from earlier builds, by path and stamp, which every change of a file alters: unchanged
 * files are not read again. A lost or damaged cache costs time only.
 */
export class DigestCache {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, KnownFile>;
  readonly #seen = new Map<string, KnownFile>();
  #isChanged = false;

  private constructor(path: string, known: ReadonlyMap<string, KnownFile>) {
    this.#path = path;
    this.#known = known;
  }

  /** Opens a cache file, in a folder for such files only; a missing or damaged file is an empty cache. */
  static open(path: string): DigestCache {
    return new DigestCache(path, read(path));
  }

  /** Returns the digest of the file at `path` if it still has this stamp. */
  find(path: string, stamp: string): string | undefined {
    const known = this.#known.get(path);
    if (known?.stamp !== stamp) return undefined;
    this.#seen.set(path, known);
    return known.digest;
  }

  /** Adds the digest of a file that was read after `stat`, unless its last change is too recent to be sure. */
  put(path: string, stamp: string, digest: string, { ctime }: FileStat): void {
    if (Date.now() - ctime.seconds * 1000 < safeAgeMs) return;
    this.#seen.set(path, { stamp, digest });
    this.#isChanged = true;
  }

  /** Writes the files of this build if any is new. Of several builds at once, the last one wins. */
  save(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const fields = [...this.#seen].flatMap(([path, { stamp, digest }]) => [path, stamp, digest]);
    writeFields(this.#path, magic, fields);
  }
}

const TMPFS_MAGIC = 0x01021994;

/**
 * True when changes of a folder's files show in their times. On tmpfs a program can change a mapped file without a
 * trace.
 */
export function tracesChanges(folder: string): boolean {
  try {
    return statfsSync(folder).type !== TMPFS_MAGIC;
  } catch {
    // Opening the folder reports the error.
    return true;
  }
}

function read(path: string): Map<string, KnownFile> {
  const fields = readFields(path, magic) ?? [];
  const known = new Map<string, KnownFile>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    known.set(fields[at] ?? '', { stamp: fields[at + 1] ?? '', digest: fields[at + 2] ?? '' });
  }
  return known;
}
