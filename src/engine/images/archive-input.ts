import { createReadStream, type Stats, statSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';

/** Path of a file, or the bytes themselves. */
export type ArchiveInput = string | AsyncIterable<Uint8Array>;

/** Bytes of an archive read so far, and how many there are, if that is known. */
export interface ArchiveRead {
  readonly type: 'archive';
  readonly offset: number;
  readonly total: number | undefined;
}

const readBytes = 1 << 20;

/** Throws ERR_ARCHIVE_UNREADABLE. */
export function formOf(path: string): 'folder' | 'file' | 'stream' {
  const stat = statOf(path);
  return stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'stream';
}

/** The bytes of the input, told as they pass. Throws ERR_ARCHIVE_UNREADABLE. */
export function readInput(input: ArchiveInput, report: (event: ArchiveRead) => void): AsyncIterable<Uint8Array> {
  if (typeof input !== 'string') return counted(input, undefined, report);
  const stat = statOf(input);
  const source = createReadStream(input, { highWaterMark: readBytes });
  return counted(source, stat.isFile() ? stat.size : undefined, report);
}

/** In docker's words. */
function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    const reason = errno === 'ENOENT' ? 'no such file or directory' : errno === 'EACCES' ? 'permission denied' : errno;
    throw new StrataError({
      kind: 'not-found',
      code: 'ERR_ARCHIVE_UNREADABLE',
      message: `open ${path}: ${reason ?? String(error)}`,
      cause: error,
    });
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  total: number | undefined,
  report: (event: ArchiveRead) => void,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for await (const chunk of source) {
    offset += chunk.length;
    report({ type: 'archive', offset, total });
    yield chunk;
  }
}
