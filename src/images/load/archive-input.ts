import { type Stats, statSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import { errnoOf } from '../../sys/errno.ts';
import { isReadable } from '../../sys/is-readable.ts';
import { openStream } from '../../sys/open-stream.ts';
import { markInputFailures } from '../caller-failures.ts';

/** Path of a file, or the bytes themselves. */
export type ArchiveInput = string | AsyncIterable<Uint8Array>;

/** Bytes of an archive read so far, of `total`, if that is known. */
export interface ArchiveRead {
  readonly type: 'archive';
  readonly offset: number;
  readonly total: number | undefined;
}

/** Returns how an archive can be read: as a folder, a file, or a stream. Throws ERR_ARCHIVE_UNREADABLE. */
export function formOf(path: string): 'folder' | 'file' | 'stream' {
  const stat = statOf(path);
  return stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'stream';
}

/** Yields the bytes of the input and reports progress; an abort ends them at once. Throws ERR_ARCHIVE_UNREADABLE. */
export async function* readInput(
  input: ArchiveInput,
  report: (event: ArchiveRead) => void,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (typeof input !== 'string') return yield* withProgress(markInputFailures(input), undefined, report);
  const named = statOf(input);
  if (!named.isDirectory() && !isReadable(named)) throw unreadable('read', input, 'not a file', undefined);
  const { stat, stream } = openOrFail(input, () => openStream(input, signal));
  try {
    yield* withProgress(stream, stat.isFile() ? stat.size : undefined, report);
  } catch (error) {
    throw errnoOf(error) === 'EISDIR' ? unreadable('read', input, 'is a directory', error) : error;
  }
}

const statOf = (path: string): Stats => openOrFail(path, () => statSync(path));

/** Runs `open`, with its failure in docker's words. */
function openOrFail<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const errno = errnoOf(error);
    const reason = errno === 'ENOENT' ? 'no such file or directory' : errno === 'EACCES' ? 'permission denied' : errno;
    throw unreadable('open', path, reason ?? String(error), error);
  }
}

const unreadable = (doing: 'open' | 'read', path: string, reason: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_ARCHIVE_UNREADABLE',
    message: `${doing} ${path}: ${reason}`,
    hint:
      doing === 'open'
        ? 'Give the path of an existing archive that you may read.'
        : 'Give the path of a regular file or a pipe.',
    cause,
  });

async function* withProgress(
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
