import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex, imageAlgorithms, parseDigest } from '../../spec/digest.ts';
import { errnoOf } from '../../sys/errno.ts';

/** Paths below the content folder. Input from outside becomes a path only through these methods. */
export class ContentLayout {
  readonly directory: string;
  readonly ingests: string;

  constructor(directory: string) {
    this.directory = directory;
    this.ingests = join(directory, 'ingest');
  }

  /** Returns the path of a blob. Throws ERR_DIGEST_INVALID or ERR_DIGEST_UNSUPPORTED for a hostile digest. */
  blob(digest: Digest): string {
    const checked = parseDigest(digest);
    return join(this.blobs(digestAlgorithm(checked)), digestHex(checked));
  }

  blobs(algorithm: string): string {
    return join(this.directory, 'blobs', algorithm);
  }

  /** Returns the folder of an ingest. It hashes UTF-16, because UTF-8 encodes all lone surrogates alike. */
  ingest(ref: string): string {
    return join(this.ingests, createHash('sha256').update(Buffer.from(ref, 'utf16le')).digest('hex'));
  }

  /** Creates the folders; each one's parent is flushed before the folder is used. Idempotent. */
  create(): void {
    makeDurably(this.ingests);
    for (const algorithm of imageAlgorithms) makeDurably(this.blobs(algorithm));
  }
}

// A blob is only as durable as the directory entry of every folder above it.
function makeDurably(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (errno !== 'ENOENT') throw error;
    makeDurably(dirname(directory));
    makeDurably(directory);
    return;
  }
  const parent = openSync(dirname(directory), 'r');
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}
