import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, digestAlgorithm, digestHex, imageAlgorithms, parseDigest } from '../../spec/digest.ts';
import { errnoOf } from '../../sys/errno.ts';

/** Names below the content folder. Nothing that comes from outside becomes a path except through these. */
export class ContentLayout {
  readonly directory: string;
  readonly ingests: string;

  constructor(directory: string) {
    this.directory = directory;
    this.ingests = join(directory, 'ingest');
  }

  /** Throws ERR_DIGEST_INVALID or ERR_DIGEST_UNSUPPORTED, so a hostile digest never reaches a path. */
  blob(digest: Digest): string {
    const checked = parseDigest(digest);
    return join(this.blobs(digestAlgorithm(checked)), digestHex(checked));
  }

  blobs(algorithm: string): string {
    return join(this.directory, 'blobs', algorithm);
  }

  /** Texts differ where their UTF-16 does: UTF-8 would make one of all lone surrogates. */
  ingest(ref: string): string {
    return join(this.ingests, createHash('sha256').update(Buffer.from(ref, 'utf16le')).digest('hex'));
  }

  /** Makes the folders, each durably named in its parent before anything is put into it. Idempotent. */
  create(): void {
    makeDurably(this.ingests);
    for (const algorithm of imageAlgorithms) makeDurably(this.blobs(algorithm));
  }
}

// A blob is only as durable as the name of every folder above it.
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
