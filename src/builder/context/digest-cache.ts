import { statfsSync } from 'node:fs';
import type { FileStat } from '../../sys/stat.ts';
import { readFields, writeFields } from './fields-file.ts';

/** What a file's bytes and xattrs come to, and when that was read. */
interface Known {
  readonly stamp: string;
  readonly digest: string;
}

const magic = 'strata-context-digests-v1';
// What git calls racily clean: a file changed twice within one tick of its filesystem's clock looks the same before and
// after the second change. FAT's tick is two seconds, and a server's clock may be off by some.
const settledMs = 3000;

/**
 * Digests of a context's files from earlier builds, by path and by everything a change of the file cannot leave as it
 * was, so that files nobody touched are not read again. A lost or damaged cache costs time only.
 */
export class DigestCache {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, Known>;
  readonly #seen = new Map<string, Known>();
  #isChanged = false;

  private constructor(path: string, known: ReadonlyMap<string, Known>) {
    this.#path = path;
    this.#known = known;
  }

  /** Opens a cache file, in a folder for such files alone; empty when there is none, or none that is whole. */
  static open(path: string): DigestCache {
    return new DigestCache(path, read(path));
  }

  /** The digest of the file at `path`, if it is what it was. */
  find(path: string, stamp: string): string | undefined {
    const known = this.#known.get(path);
    if (known?.stamp !== stamp) return undefined;
    this.#seen.set(path, known);
    return known.digest;
  }

  /** Takes the digest of a file that was read after `stat` was taken, unless it is too young to be sure of. */
  put(path: string, stamp: string, digest: string, { ctime }: FileStat): void {
    if (Date.now() - ctime.seconds * 1000 < settledMs) return;
    this.#seen.set(path, { stamp, digest });
    this.#isChanged = true;
  }

  /** Writes what this build has seen, if it was news. Of several builds at once the last one's stays. */
  save(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const fields = [...this.#seen].flatMap(([path, { stamp, digest }]) => [path, stamp, digest]);
    writeFields(this.#path, magic, fields);
  }
}

const TMPFS_MAGIC = 0x01021994;

/** Whether a folder's files can be known by their times. On tmpfs a program that has one mapped changes it unseen. */
export function tracesChanges(folder: string): boolean {
  try {
    return statfsSync(folder).type !== TMPFS_MAGIC;
  } catch {
    // Whoever opens the folder tells what is wrong with it.
    return true;
  }
}

function read(path: string): Map<string, Known> {
  const fields = readFields(path, magic) ?? [];
  const known = new Map<string, Known>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    known.set(fields[at] ?? '', { stamp: fields[at + 1] ?? '', digest: fields[at + 2] ?? '' });
  }
  return known;
}
