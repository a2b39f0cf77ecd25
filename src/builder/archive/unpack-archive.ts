import { decompress } from '../../archive/compression/decompress.ts';
import { detectCompression } from '../../archive/compression/detect.ts';
import { TarParser } from '../../archive/index.ts';
import { readTar } from '../../archive/tar/reader.ts';
import { isKind } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { ArchiveSink, type ArchiveSinkOptions } from './archive-sink.ts';

/**
 * Unpacks a tar, in whatever compression, into `directory`; on failure it is half full. Throws ERR_ARCHIVE_ENTRY,
 * ERR_LAYER_* for what no tree can hold, what decompression, tar parsing and system calls throw, and the signal's reason.
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
 * Whether docker's ADD would unpack this: a tar whose first entry can be read, whatever its name and compression. What
 * comes after that entry may still be damaged.
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

/** {@link isArchive} by the first block of a stream; of a compressed one everything but its content is seen. */
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
  // A PAX or GNU header, which comes before the entry it describes, is taken without a word.
  return isFound || (head.length === headBytes && head.some((byte) => byte !== 0));
}

/** As much as {@link looksLikeArchive} wants to see. */
export const headBytes = 512;
