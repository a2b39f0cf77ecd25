import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from '../../archive/compression/decompress.ts';
import { readTar } from '../../archive/tar/reader.ts';
import { spool } from '../../content/spool-file.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ArchiveFiles } from './archive-files.ts';
import { ArchiveTable, refuseSparse } from './archive-table.ts';

/**
 * Unpacks a tar, in any compression, into numbered files in `directory`, which is empty and belongs to the caller.
 * Disposal removes the files.
 * @throws ERR_ARCHIVE_INVALID, ERR_NO_SPACE, what decompression and tar parsing throw, and the signal's reason
 */
export async function spoolArchive(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: AbortOptions = {},
): Promise<ArchiveFiles> {
  const table = new ArchiveTable();
  const spooled: string[] = [];
  const files: ArchiveFiles = {
    find: (name) => table.find(name),
    [Symbol.asyncDispose]: async () => {
      for (const path of spooled.splice(0)) rmSync(path, { force: true });
      table.clear();
    },
  };
  try {
    for await (const { entry, body } of readTar(decompress(source, options), options)) {
      if (entry.type !== 'file') table.add(entry, undefined);
      else {
        refuseSparse(entry);
        const path = join(directory, String(spooled.length));
        spooled.push(path);
        table.add(entry, { path, sizeBytes: await spool(body, path) });
      }
    }
    return files;
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}
