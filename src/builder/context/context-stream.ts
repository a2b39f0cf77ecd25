import { SourceReader } from '../../archive/compression/source-reader.ts';
import { diskFailure } from '../../content/disk-failure.ts';
import { maxDockerfileBytes } from '../../dockerfile/limits.ts';
import { isStrataError, restate, StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { archiveMessage, isArchiveFault } from '../archive/archive-fault.ts';
import { headBytes, looksLikeArchive, unpackArchive } from '../archive/unpack-archive.ts';

/**
 * Reads a context of bytes by docker's rule: an archive in any compression is the context and is unpacked into
 * `directory`, which is empty; anything else is the Dockerfile, and is returned. Throws ERR_CONTEXT_ARCHIVE,
 * ERR_NO_SPACE, the source's failures and the signal's reason.
 */
export async function readContextStream(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: AbortOptions,
): Promise<Uint8Array | undefined> {
  await using reader = new SourceReader(source, options);
  if (!looksLikeArchive(await reader.peek(headBytes))) return await readText(reader);
  try {
    await unpackArchive(chunksOf(reader), directory, { isLayer: false, ...options });
    return undefined;
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = diskFailure(error, directory);
    throw isStrataError(failure, 'ERR_NO_SPACE') ? failure : contextArchiveError(error);
  }
}

async function* chunksOf(reader: SourceReader): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.next(); chunk; chunk = await reader.next()) yield chunk;
}

/** Reads a Dockerfile, and of one that is too long only enough for it to be refused. */
async function readText(reader: SourceReader): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(reader)) {
    chunks.push(Uint8Array.from(chunk));
    length += chunk.length;
    if (length > maxDockerfileBytes) break;
  }
  return Buffer.concat(chunks);
}

/** Reads a Dockerfile of bytes. */
export async function readDockerfileStream(
  source: AsyncIterable<Uint8Array>,
  options: AbortOptions,
): Promise<Uint8Array> {
  await using reader = new SourceReader(source, options);
  return await readText(reader);
}

function contextArchiveError(error: unknown): unknown {
  if (!isStrataError(error)) return error;
  const message = `build context: ${archiveMessage(error)}`;
  if (!isArchiveFault(error)) return restate(error, { message });
  const hint = error.kind === 'corrupt' ? 'Make the archive again; it is damaged or was cut short.' : error.hint;
  return new StrataError({
    code: 'ERR_CONTEXT_ARCHIVE',
    message,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
