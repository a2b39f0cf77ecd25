import { closeSync, createReadStream, openSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import type { StreamingBlob } from '../../layer/types.ts';
import { readFullyAt } from '../../sys/fd-io.ts';

/** A file of an archive, to be opened by this path and no other. */
export interface ArchiveFile {
  /** Valid until {@link ArchiveFiles.closeRead}. */
  readonly path: string;
  /** Offset of its first byte, when it is a part of the file at `path`. */
  readonly offset?: number;
  readonly sizeBytes: number;
  /** Set while it is still being written: the unfinished blob of a layer, not a file of an archive. */
  readonly streaming?: StreamingFile;
}

/** A blob that is being received into the content store. */
export interface StreamingFile extends StreamingBlob {
  /** Stores it, whole and verified. Called when the file has no more readers. */
  keep(): Promise<void>;
}

/** The regular files of an archive, by their names in it. */
export interface ArchiveFiles extends AsyncDisposable {
  /** Undefined when no file has the name. Links inside the archive are followed, never out of it. */
  find(name: string): ArchiveFile | undefined;
  /** Closes the files read so far, where each is opened by itself. A later read opens them again. */
  closeRead?(): void;
}

// Ten thousand images with the largest of documents, each named again and again by a small archive, would be 80 GB.
const maxTotalBytes = 256 << 20;

/**
 * Reads the documents of one archive, all of which are in memory at once: a document that is named twice counts twice.
 */
export class DocumentReader {
  readonly #files: ArchiveFiles;
  #bytesLeft = maxTotalBytes;

  constructor(files: ArchiveFiles) {
    this.#files = files;
  }

  /** {@link readWhole} that throws ERR_ARCHIVE_INVALID when all documents together have more than 256 MiB. */
  read(name: string, maxBytes: number): Uint8Array {
    const bytes = readWhole(this.#files, name, maxBytes);
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft >= 0) return bytes;
    throw archiveInvalid(`archive: its images have more than ${maxTotalBytes} bytes of manifests and configs`);
  }
}

/** Reads a whole small file. Throws ERR_ARCHIVE_FILE_MISSING, ERR_ARCHIVE_FILE_TOO_LARGE. */
export function readWhole(files: ArchiveFiles, name: string, maxBytes: number): Uint8Array {
  const file = files.find(name) ?? throwMissing(name);
  if (file.sizeBytes <= maxBytes) {
    const bytes = readPart(file);
    files.closeRead?.();
    return bytes;
  }
  const { sizeBytes } = file;
  throw new StrataError({
    code: 'ERR_ARCHIVE_FILE_TOO_LARGE',
    message: `archive file ${quoteName(name)}: ${sizeBytes} bytes, more than the ${maxBytes} allowed`,
    hint: 'No tool writes documents this large: do not trust the archive.',
  });
}

/** Reads a file, or as much as exists when it was cut short meanwhile. */
function readPart({ path, offset = 0, sizeBytes }: ArchiveFile): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readFullyAt(fd, bytes, offset));
  } finally {
    closeSync(fd);
  }
}

/** Reads a file in chunks. It is opened at the first one, so a stream that is never read holds no descriptor. */
export async function* streamOf({ path, offset = 0, sizeBytes }: ArchiveFile): AsyncGenerator<Uint8Array> {
  if (sizeBytes === 0) return;
  const range = { start: offset, end: offset + sizeBytes - 1, highWaterMark: 1 << 20 };
  yield* createReadStream(path, range) as AsyncIterable<Uint8Array>;
}

export function throwMissing(name: string): never {
  throw new StrataError({
    code: 'ERR_ARCHIVE_FILE_MISSING',
    message: `archive file ${quoteName(name)}: missing`,
    hint: 'Save the image again: the archive is not complete.',
  });
}

export const archiveInvalid = (message: string): StrataError =>
  new StrataError({
    code: 'ERR_ARCHIVE_INVALID',
    message,
    hint: 'Save the image again. If that does not help, do not trust the source of the archive.',
  });

/** Quotes an untrusted name on one line of bounded length. */
export const quoteName = (name: string): string => JSON.stringify(name.length > 160 ? `${name.slice(0, 160)}…` : name);
