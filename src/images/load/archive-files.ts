import { closeSync, createReadStream, openSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import type { Coming } from '../../layer/types.ts';
import { readFullyAt } from '../../sys/fd-io.ts';

/** A file of an archive, to be opened by the path given here and no other. */
export interface ArchiveFile {
  /** Good until {@link ArchiveFiles.closeRead}. */
  readonly path: string;
  /** Where it begins, when it is a piece of the file at `path`. */
  readonly offset?: number;
  readonly sizeBytes: number;
  /** Given when it is still being written: the unfinished blob of a layer, not a file of an archive. */
  readonly coming?: ComingFile;
}

/** A blob that comes from elsewhere, into the content store. */
export interface ComingFile extends Coming {
  /** Stores it, whole and verified. Called when nobody reads the file any more. */
  keep(): Promise<void>;
}

/** The regular files of an archive by their name in it. */
export interface ArchiveFiles extends AsyncDisposable {
  /** Undefined when there is none of that name. Links inside the archive are followed, never out of it. */
  find(name: string): ArchiveFile | undefined;
  /** Where files are opened one by one: lets go of those that were. What is read afterwards is opened anew. */
  closeRead?(): void;
}

// Ten thousand images with the largest of documents, each named again and again by a small archive, would be 80 GB.
const maxTotalBytes = 256 << 20;

/**
 * Reads the documents of one archive, which all are in memory at once: what one is named for twice counts twice.
 */
export class DocumentReader {
  readonly #files: ArchiveFiles;
  #bytesLeft = maxTotalBytes;

  constructor(files: ArchiveFiles) {
    this.#files = files;
  }

  /** {@link readWhole}. Throws ERR_ARCHIVE_INVALID when all documents together are more than 256 MiB. */
  read(name: string, maxBytes: number): Uint8Array {
    const bytes = readWhole(this.#files, name, maxBytes);
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft >= 0) return bytes;
    throw archiveInvalid(`archive: its images have more than ${maxTotalBytes} bytes of manifests and configs`);
  }
}

/** A whole small file. Throws ERR_ARCHIVE_FILE_MISSING, ERR_ARCHIVE_FILE_TOO_LARGE. */
export function readWhole(files: ArchiveFiles, name: string, maxBytes: number): Uint8Array {
  const file = files.find(name) ?? missing(name);
  if (file.sizeBytes <= maxBytes) {
    const bytes = readPiece(file);
    files.closeRead?.();
    return bytes;
  }
  const { sizeBytes } = file;
  throw new StrataError({
    code: 'ERR_ARCHIVE_FILE_TOO_LARGE',
    message: `archive file ${shown(name)}: ${sizeBytes} bytes, more than the ${maxBytes} allowed`,
    hint: 'Such documents are small in every image that tools make: mistrust the archive.',
  });
}

/** What is there of it, should the file have been cut short meanwhile. */
function readPiece({ path, offset = 0, sizeBytes }: ArchiveFile): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readFullyAt(fd, bytes, offset));
  } finally {
    closeSync(fd);
  }
}

/** Opened when it is first read, so that one nobody reads holds nothing. */
export async function* streamOf({ path, offset = 0, sizeBytes }: ArchiveFile): AsyncGenerator<Uint8Array> {
  if (sizeBytes === 0) return;
  const piece = { start: offset, end: offset + sizeBytes - 1, highWaterMark: 1 << 20 };
  yield* createReadStream(path, piece) as AsyncIterable<Uint8Array>;
}

/** Throws ERR_ARCHIVE_FILE_MISSING. */
export function missing(name: string): never {
  throw new StrataError({
    code: 'ERR_ARCHIVE_FILE_MISSING',
    message: `archive file ${shown(name)}: missing`,
    hint: 'The archive is not complete: save the image again.',
  });
}

export const archiveInvalid = (message: string): StrataError =>
  new StrataError({
    code: 'ERR_ARCHIVE_INVALID',
    message,
    hint: 'Save the image again, and mistrust where the archive comes from if that is no help.',
  });

/** Names come from strangers: one line of bounded length. */
export const shown = (name: string): string => JSON.stringify(name.length > 160 ? `${name.slice(0, 160)}…` : name);
