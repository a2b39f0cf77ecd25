import { fillHoles } from '../../src/archive/tar/holes.ts';
import { TarParser } from '../../src/archive/tar/parser.ts';
import type { TarEntry } from '../../src/archive/tar/types.ts';
import { concatBytes } from '../../src/lib/bytes.ts';

/** One parsed entry with everything that belongs to it, copied. */
export interface ParsedEntry {
  readonly entry: TarEntry;
  readonly rawHeader: Uint8Array;
  readonly body: Uint8Array;
  readonly padding: Uint8Array;
}

export interface ParsedTar {
  /** Only entries whose end was reached. */
  readonly entries: readonly ParsedEntry[];
  readonly trailer: Uint8Array;
  /** Undefined when the archive was read to its end. */
  readonly error: unknown;
}

/** Feeds the parser `archive` in pieces: sizes are taken from `sizes` in turn. */
export function parseTar(archive: Uint8Array, sizes: readonly number[] = [archive.length || 1]): ParsedTar {
  const entries: ParsedEntry[] = [];
  const trailer: Uint8Array[] = [];
  let current: { entry: TarEntry; rawHeader: Uint8Array; body: Uint8Array[] } | undefined;
  const parser = new TarParser({
    entry(entry, rawHeader) {
      if (current) throw new Error('an entry begins inside another');
      // not copied: must survive whatever comes later
      current = { entry, rawHeader, body: [] };
    },
    data(chunk) {
      if (chunk.length === 0) throw new Error('an empty piece of data');
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
    // one buffer for all pieces, overwritten each time: a view kept by mistake shows
    const scratch = new Uint8Array(Math.max(...sizes));
    for (let at = 0, turn = 0; at < archive.length; turn++) {
      const piece = archive.subarray(at, at + sizes[turn % sizes.length]!);
      scratch.set(piece);
      parser.write(scratch.subarray(0, piece.length));
      at += piece.length;
    }
    parser.finish();
  } catch (caught) {
    error = caught;
  }
  return { entries, trailer: concatBytes(trailer), error };
}

/** All bytes a parse gave back, in order. */
export const joinParsed = (parsed: ParsedTar): Uint8Array =>
  concatBytes([
    ...parsed.entries.flatMap(({ rawHeader, body, padding }) => [rawHeader, body, padding]),
    parsed.trailer,
  ]);

/** What a reader of the file sees, zeros in the holes; not for files of terabytes. */
export function content(parsed: ParsedEntry): Uint8Array {
  const out: Uint8Array[] = [];
  const filler = fillHoles(parsed.entry);
  for (const piece of filler.write(parsed.body)) out.push(piece.slice());
  for (const piece of filler.finish()) out.push(piece.slice());
  return concatBytes(out);
}
