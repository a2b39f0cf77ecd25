import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isDiskFull } from '../../content/disk-failure.ts';
import { errnoOf } from '../../sys/errno.ts';
import type { FileStat } from '../../sys/stat.ts';

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
    const body = [...this.#seen].map(([path, { stamp, digest }]) => `${path}\0${stamp}\0${digest}`).join('\0');
    const temporary = `${this.#path}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, `${magic}\n${checksum(body)}\n${body}`, { encoding: 'latin1', mode: 0o600 });
      renameSync(temporary, this.#path);
      removeOldest(dirname(this.#path));
    } catch (error) {
      rmSync(temporary, { force: true });
      if (!isDiskFull(error)) throw error;
    }
  }
}

// A context of 20,000 files takes two megabytes.
const maxFiles = 64;

function removeOldest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= maxFiles) return;
  const ages = names.flatMap((name): [string, number][] => {
    // Other builds give their files new names meanwhile.
    const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return stat === undefined ? [] : [[name, stat.mtimeMs]];
  });
  const [oldest] = ages.sort(([, a], [, b]) => a - b);
  if (oldest) rmSync(join(folder, oldest[0]), { force: true });
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

const checksum = (body: string): string => createHash('sha256').update(body, 'latin1').digest('hex');

function read(path: string): Map<string, Known> {
  const known = new Map<string, Known>();
  const text = textOf(path);
  const [first, sum, body] = splitLines(text);
  if (first !== magic || body === undefined || sum !== checksum(body)) return known;
  const fields = body.split('\0');
  for (let at = 0; at + 2 < fields.length; at += 3) {
    known.set(fields[at] ?? '', { stamp: fields[at + 1] ?? '', digest: fields[at + 2] ?? '' });
  }
  return known;
}

/** Two lines, and all the rest: a name may hold anything but a NUL. */
function splitLines(text: string): readonly (string | undefined)[] {
  const end = text.indexOf('\n');
  const second = text.indexOf('\n', end + 1);
  return second < 0 ? [] : [text.slice(0, end), text.slice(end + 1, second), text.slice(second + 1)];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
