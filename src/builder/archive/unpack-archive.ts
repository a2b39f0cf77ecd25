import { decompress } from '../../archive/compression/decompress.ts';
import { detectCompression } from '../../archive/compression/detect.ts';
import { TarParser } from '../../archive/index.ts';
import { readTar } from '../../archive/tar/reader.ts';
import { isKind } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { ArchiveSink, type ArchiveSinkOptions } from './archive-sink.ts';

/**
 * Unpacks a tar in any compression into `directory`; a failure leaves part of it there. Throws ERR_ARCHIVE_ENTRY,
 * ERR_LAYER_* for entries that no tree can have, errors of decompression, tar parsing and system calls, and the
 * signal's reason.
 */
export async function unpackArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: ArchiveSinkOptions & AbortOptions,
): Promise<void> {
  using sink = new ArchiveSink(directory, options);
  const parser = new TarParser(sink);
  for await (const chunk of decompress(source, options)) parser.write(chunk);
  parser.finish();
  sink.finish();
}

/**
 * True for a file that docker's ADD would unpack: a tar with a readable first entry, whatever its name and compression.
 * Later entries may still be damaged.
 */
export async function isArchive(source: AsyncIterable<Uint8Array>, options: AbortOptions): Promise<boolean> {
  const members = readTar(decompress(source, options), options);
  try {
    return (await members.next()).done !== true;
  } catch (error) {
    if (isKind(error, 'corrupt')) return false;
    throw error;
  } finally {
    await members.return(undefined);
  }
}

/** {@link isArchive} by the first block of a stream; every compressed stream counts as an archive. */
export function looksLikeArchive(head: Uint8Array): boolean {
  if (detectCompression(head) !== 'none') return true;
  let isFound = false;
  const entry = (): void => {
    isFound = true;
  };
  const parser = new TarParser({ entry, data: () => {}, endEntry: () => {}, trailer: () => {} });
  try {
    parser.write(head);
  } catch (error) {
    if (isKind(error, 'corrupt')) return false;
    throw error;
  }
  // The parser reports no entry for a PAX or GNU header, which comes before the entry it describes.
  return isFound || (head.length === headBytes && head.some((byte) => byte !== 0));
}

/** Bytes that {@link looksLikeArchive} needs. */
export const headBytes = 512;
