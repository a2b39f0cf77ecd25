import { fillHoles } from '../../src/archive/tar/holes.ts';
import { TarParser } from '../../src/archive/tar/parser.ts';
import type { TarEntry } from '../../src/archive/tar/types.ts';
import { concatBytes } from '../../src/lib/bytes.ts';

/** One parsed entry with copies of its bytes. */
export interface ParsedEntry {
  readonly entry: TarEntry;
  readonly rawHeader: Uint8Array;
  readonly body: Uint8Array;
  readonly padding: Uint8Array;
}

export interface ParsedTar {
  /** Entries that were parsed to their end. */
  readonly entries: readonly ParsedEntry[];
  readonly trailer: Uint8Array;
  /** Undefined when the archive was read to its end. */
  readonly error: unknown;
}

/** Feeds `archive` to the parser in chunks, whose sizes are taken from `sizes` in turn. */
export function parseTar(archive: Uint8Array, sizes: readonly number[] = [archive.length || 1]): ParsedTar {
  const entries: ParsedEntry[] = [];
  const trailer: Uint8Array[] = [];
  let current: { entry: TarEntry; rawHeader: Uint8Array; body: Uint8Array[] } | undefined;
  const parser = new TarParser({
    entry(entry, rawHeader) {
      if (current) throw new Error('an entry begins inside another');
      // Not copied: the parser must not change it later.
      current = { entry, rawHeader, body: [] };
    },
    data(chunk) {
      if (chunk.length === 0) throw new Error('an empty chunk of data');
      current!.body.push(chunk.slice());
    },
    endEntry(padding) {
      const { entry, rawHeader, body } = current!;
      entries.push({ entry, rawHeader, body: concatBytes(body), padding: padding.slice() });
      current = undefined;
    },
    trailer(chunk) {
      trailer.push(chunk.slice());
    },
  });
  let error: unknown;
  try {
    // One buffer for all chunks, overwritten each time, reveals a view that the parser kept by mistake.
    const scratch = new Uint8Array(Math.max(...sizes));
    for (let at = 0, turn = 0; at < archive.length; turn++) {
      const chunk = archive.subarray(at, at + sizes[turn % sizes.length]!);
      scratch.set(chunk);
      parser.write(scratch.subarray(0, chunk.length));
      at += chunk.length;
    }
    parser.finish();
  } catch (caught) {
    error = caught;
  }
  return { entries, trailer: concatBytes(trailer), error };
}

/** Joins all bytes of a parsed archive, in order. */
export const joinParsed = (parsed: ParsedTar): Uint8Array =>
  concatBytes([
    ...parsed.entries.flatMap(({ rawHeader, body, padding }) => [rawHeader, body, padding]),
    parsed.trailer,
  ]);

/** Returns the content as a reader of the file sees it, with zeros in the holes; not for files of terabytes. */
export function content(parsed: ParsedEntry): Uint8Array {
  const out: Uint8Array[] = [];
  const filler = fillHoles(parsed.entry);
  for (const chunk of filler.write(parsed.body)) out.push(chunk.slice());
  for (const chunk of filler.finish()) out.push(chunk.slice());
  return concatBytes(out);
}
