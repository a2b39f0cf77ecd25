import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDiskFull } from '../../content/disk-failure.ts';
import { ifThere } from '../../sys/if-there.ts';

// A best-effort file for later builds: fields without NUL, one character a byte, in a folder for such files only. A
// missing or damaged file counts as absent.

// Most files in the folder: one for a context of 20,000 files takes some megabytes.
const maxFiles = 64;

/** Returns the fields of a complete file with this magic; undefined for any other. */
export function readFields(path: string, magic: string): string[] | undefined {
  const [first, sum, body] = splitLines(readText(path));
  if (first !== magic || body === undefined || sum !== checksum(body)) return undefined;
  return body === '' ? [] : body.split('\0');
}

/**
 * Writes a file. Of several builds at once the last one wins; on a full disk nothing is written. Removes the oldest of
 * too many files.
 */
export function writeFields(path: string, magic: string, fields: readonly string[]): void {
  const body = fields.join('\0');
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${magic}\n${checksum(body)}\n${body}`, { encoding: 'latin1', mode: 0o600 });
    renameSync(temporary, path);
    removeOld(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    if (!isDiskFull(error)) throw error;
  }
}

// Writing takes milliseconds: an older temporary file is that of a killed build.
const unfinishedMs = 3_600_000;
const isUnfinished = (name: string): boolean => name.includes('.');

function removeOld(folder: string): void {
  const names = readdirSync(folder);
  const isFull = names.length > maxFiles;
  const ages = names
    .filter((name) => isFull || isUnfinished(name))
    .flatMap((name): [string, number][] => {
      // Another build may rename its file meanwhile.
      const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
      return stat === undefined ? [] : [[name, stat.mtimeMs]];
    })
    .sort(([, a], [, b]) => a - b);
  const left = ages.filter(([name, time]) => isUnfinished(name) && Date.now() - time > unfinishedMs);
  for (const [name] of [...left, ...(isFull ? ages.slice(0, 1) : [])]) rmSync(join(folder, name), { force: true });
}

const checksum = (body: string): string => createHash('sha256').update(body, 'latin1').digest('hex');

/** Splits text into two lines and the rest, in which a name may have line feeds. */
function splitLines(text: string): readonly (string | undefined)[] {
  const end = text.indexOf('\n');
  const second = text.indexOf('\n', end + 1);
  return second < 0 ? [] : [text.slice(0, end), text.slice(end + 1, second), text.slice(second + 1)];
}

function readText(path: string): string {
  return ifThere(() => readFileSync(path, 'latin1')) ?? '';
}
