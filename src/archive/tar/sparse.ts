import { utf8 } from '../../lib/bytes.ts';
import { blockBytes, paddingBytes } from './block.ts';
import { badNumber, badSparseMap } from './failures.ts';
import { parseDecimal, parseNumeric } from './numbers.ts';
import type { PaxRecords } from './pax.ts';
import type { SparseRun } from './types.ts';

/** Returns the location of a PAX header's sparse map: its records (formats 0.0 and 0.1), the start of the body (1.0), or none. */
export function paxSparseForm(pax: PaxRecords): 'records' | 'body' | undefined {
  const major = textOf(pax, 'GNU.sparse.major');
  const minor = textOf(pax, 'GNU.sparse.minor');
  if (major === '0' && (minor === '0' || minor === '1')) return 'records';
  if (major === '1' && minor === '0') return 'body';
  // With an unknown version it is a plain file.
  if (major !== '' || minor !== '') return undefined;
  return textOf(pax, 'GNU.sparse.map') === '' ? undefined : 'records';
}

/**
 * Parses the map of formats 0.0 and 0.1.
 * @throws {@link StrataError} ERR_TAR_SPARSE_MAP
 */
export function sparseMapFromRecords(pax: PaxRecords, offset: number): SparseRun[] {
  const count = parseDecimal(pax.get('GNU.sparse.numblocks') ?? new Uint8Array(0));
  const fields = splitAtCommas(pax.get('GNU.sparse.map'));
  if (!(count >= 0) || fields.length !== count * 2) {
    throw badSparseMap(offset, 'its map does not have as many runs as announced');
  }
  return pairUp(
    fields.map((field) => parseDecimal(field)),
    offset,
  );
}

/**
 * Adds the runs of an old GNU header (4 of them, at byte 386) or of an extension block (21, at byte 0).
 * @returns true when another extension block follows
 * @throws {@link StrataError} ERR_TAR_NUMBER
 */
export function readOldSparseBlock(
  block: Uint8Array,
  kind: 'header' | 'extension',
  offset: number,
  runs: SparseRun[],
): boolean {
  const [start, count] = kind === 'header' ? [386, 4] : [0, 21];
  for (let at = start; at < start + count * 24; at += 24) {
    if (block[at] === 0) break;
    const run = { offset: parseNumeric(block, at, at + 12), length: parseNumeric(block, at + 12, at + 24) };
    if (Number.isNaN(run.offset) || Number.isNaN(run.length)) throw badNumber(offset, 'sparse map');
    runs.push(run);
  }
  return block[start + count * 24] !== 0;
}

/** Returns the length of the file, holes included, from an old GNU sparse header. */
export function oldSparseRealSize(block: Uint8Array, offset: number): number {
  const size = parseNumeric(block, 483, 495);
  if (Number.isNaN(size)) throw badNumber(offset, 'real size');
  return size;
}

/** Reads the map of format 1.0 block by block: decimal lines, first the number of runs, then offset and length of each run. */
export class SparseMapReader {
  readonly #offset: number;
  readonly #limitBytes: number;
  #lines = 0;
  #neededLines: number | undefined;

  constructor(offset: number, limitBytes: number) {
    this.#offset = offset;
    this.#limitBytes = limitBytes;
  }

  /**
   * Takes all blocks so far; the last 512 bytes of `map` are new.
   * @returns the runs once the map is complete, undefined before
   * @throws {@link StrataError} ERR_TAR_SPARSE_MAP
   */
  next(map: Uint8Array): SparseRun[] | undefined {
    for (let i = map.length - blockBytes; i < map.length; i++) if (map[i] === 0x0a) this.#lines++;
    if (this.#lines === 0) return undefined;
    this.#neededLines ??= this.#countLines(map);
    if (this.#lines < this.#neededLines) return undefined;
    const numbers: number[] = [];
    let at = map.indexOf(0x0a) + 1;
    for (let i = 1; i < this.#neededLines; i++) {
      const end = map.indexOf(0x0a, at);
      numbers.push(parseDecimal(map, at, end));
      at = end + 1;
    }
    return pairUp(numbers, this.#offset);
  }

  #countLines(map: Uint8Array): number {
    const runs = parseDecimal(map, 0, map.indexOf(0x0a));
    // A run takes at least 4 bytes, so an absurd number is refused before anything is read for it.
    if (!(runs >= 0) || runs * 4 > this.#limitBytes)
      throw badSparseMap(this.#offset, 'its map has no valid number of runs');
    return 1 + runs * 2;
  }
}

/**
 * Checks that runs are in order, apart, inside the file, and in sum as long as the stored bytes. Returns them without empty
 * runs, with which GNU tar marks the end of a file.
 * @throws {@link StrataError} ERR_TAR_SPARSE_MAP
 */
export function checkRuns(
  runs: readonly SparseRun[],
  sizeBytes: number,
  storedBytes: number,
  offset: number,
): SparseRun[] {
  let end = 0;
  let total = 0;
  for (const run of runs) {
    if (run.offset < 0 || run.length < 0) throw badSparseMap(offset, 'its map has negative numbers');
    if (run.offset < end) throw badSparseMap(offset, 'its map runs backwards or overlaps itself');
    end = run.offset + run.length;
    total += run.length;
  }
  if (end > sizeBytes) throw badSparseMap(offset, 'its map reaches beyond its size');
  if (total !== storedBytes) throw badSparseMap(offset, `its map needs ${total} bytes where ${storedBytes} are stored`);
  return runs.filter((run) => run.length > 0);
}

/** Encodes the map of format 1.0, padded to a whole block. GNU tar wants a trailing hole marked by an empty run. */
export function encodeSparseMap(runs: readonly SparseRun[], sizeBytes: number): Uint8Array {
  const last = runs.at(-1);
  const marked =
    last !== undefined && last.offset + last.length === sizeBytes ? runs : [...runs, { offset: sizeBytes, length: 0 }];
  const map = utf8(`${marked.length}\n${marked.map((run) => `${run.offset}\n${run.length}\n`).join('')}`);
  const padded = new Uint8Array(map.length + paddingBytes(map.length));
  padded.set(map);
  return padded;
}

function pairUp(numbers: readonly number[], offset: number): SparseRun[] {
  const runs: SparseRun[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const run = { offset: numbers[i] as number, length: numbers[i + 1] as number };
    if (Number.isNaN(run.offset) || Number.isNaN(run.length))
      throw badSparseMap(offset, 'its map holds something that is no number');
    runs.push(run);
  }
  return runs;
}

function splitAtCommas(bytes: Uint8Array | undefined): Uint8Array[] {
  if (bytes === undefined || bytes.length === 0) return [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0x2c); end >= 0; end = bytes.indexOf(0x2c, at)) {
    parts.push(bytes.subarray(at, end));
    at = end + 1;
  }
  parts.push(bytes.subarray(at));
  return parts;
}

/** Returns the first 8 bytes as text: all known versions are shorter. */
function textOf(pax: PaxRecords, key: string): string {
  const value = pax.get(key);
  return value === undefined ? '' : String.fromCharCode(...value.subarray(0, 8));
}
