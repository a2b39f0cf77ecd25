import { createHash, type Hash } from 'node:crypto';
import { StrataError } from '../errors/index.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { type Digest, type DigestAlgorithm, digestAlgorithm, digestFromHex } from '../spec/digest.ts';
import type { ExpectedBlob } from './types.ts';

/** Counts and hashes a stream of bytes. */
export class RunningDigest {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: Hash;
  #sizeBytes = 0;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
  }

  /** Returns the digest of the bytes so far; more may follow. */
  digest(): Digest {
    return digestFromHex(this.algorithm, this.#hash.copy().digest('hex'));
  }
}

/** Returns the digest of the bytes. */
export const digestOf = (bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest =>
  digestFromHex(algorithm, createHash(algorithm).update(bytes).digest('hex'));

/** Checks the number of bytes received so far. Throws ERR_BLOB_SIZE_MISMATCH when they are more than expected. */
export function checkNotTooLong(expected: ExpectedBlob, sizeBytes: number): void {
  if (expected.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) {
    throw sizeMismatch(expected, `more than ${expected.sizeBytes} bytes`);
  }
}

/** Checks size and digest at the end of the bytes. Throws ERR_BLOB_SIZE_MISMATCH or ERR_BLOB_DIGEST_MISMATCH. */
export function checkComplete(expected: ExpectedBlob, sizeBytes: number, digest: Digest): void {
  if (expected.sizeBytes !== undefined && sizeBytes !== expected.sizeBytes) {
    throw sizeMismatch(expected, `${sizeBytes} of ${expected.sizeBytes} bytes`);
  }
  if (digest !== expected.digest) {
    throw new StrataError({
      code: 'ERR_BLOB_DIGEST_MISMATCH',
      message: `blob ${expected.digest}: the bytes received have the digest ${digest}`,
      hint: 'The data was damaged or replaced on its way: try again, and mistrust the source if it happens again.',
      details: { expected: expected.digest, actual: digest },
    });
  }
}

const sizeMismatch = (expected: ExpectedBlob, received: string): StrataError =>
  new StrataError({
    code: 'ERR_BLOB_SIZE_MISMATCH',
    message: `blob ${expected.digest}: received ${received}`,
    hint: 'The transfer was cut short or the source gives a wrong size: try again.',
  });

/** Verifies bytes in synchronous code: pass every chunk to `update`, then call `finish`. */
export class BlobVerifier {
  readonly #expected: ExpectedBlob;
  readonly #running: RunningDigest;

  constructor(expected: ExpectedBlob) {
    this.#expected = expected;
    this.#running = new RunningDigest(digestAlgorithm(expected.digest));
  }

  get sizeBytes(): number {
    return this.#running.sizeBytes;
  }

  /** Adds a chunk. Throws ERR_BLOB_SIZE_MISMATCH at the first byte above the size, before it is hashed. */
  update(chunk: Uint8Array): void {
    checkNotTooLong(this.#expected, this.#running.sizeBytes + chunk.length);
    this.#running.update(chunk);
  }

  /** Throws ERR_BLOB_SIZE_MISMATCH or ERR_BLOB_DIGEST_MISMATCH unless the bytes are complete and right. */
  finish(): void {
    checkComplete(this.#expected, this.#running.sizeBytes, this.#running.digest());
  }
}

/**
 * Verifies a stream: yields the chunks of `source` and stops reading at the first byte above the size. With a known
 * size the last chunk of wrong bytes is never yielded; without one, the error follows it. The source is closed in every
 * case.
 * @throws ERR_BLOB_SIZE_MISMATCH, ERR_BLOB_DIGEST_MISMATCH, and the signal's reason
 */
export async function* verifyStream(
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
  { signal }: AbortOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const verifier = new BlobVerifier(expected);
  signal?.throwIfAborted();
  for await (const chunk of source) {
    signal?.throwIfAborted();
    verifier.update(chunk);
    if (verifier.sizeBytes === expected.sizeBytes) verifier.finish();
    if (chunk.length > 0) yield chunk;
  }
  verifier.finish();
}
