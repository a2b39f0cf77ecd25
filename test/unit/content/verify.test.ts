import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BlobVerifier, digestOf, RunningDigest, verifyStream } from '../../../src/content/verify.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { fc } from '../../helpers/properties.ts';

const text = utf8('the quick brown fox');
const expected = { digest: digestOf(text), sizeBytes: text.length };

/** Returns a source that records how far it was read and whether it was closed. */
function source(...chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> & { given: number; closed: boolean } {
  const watched = {
    given: 0,
    closed: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of chunks) {
          watched.given++;
          yield chunk;
        }
      } finally {
        watched.closed = true;
      }
    },
  };
  return watched;
}

async function drain(stream: AsyncIterable<Uint8Array>): Promise<{ received: Buffer; error: unknown }> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of stream) pieces.push(piece);
  } catch (error) {
    return { received: Buffer.concat(pieces), error };
  }
  return { received: Buffer.concat(pieces), error: undefined };
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error);

describe('verified', () => {
  test('right bytes pass, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }),
        fc.boolean(),
        async (chunks, sized) => {
          const all = Buffer.concat(chunks);
          const digest = digestOf(all);
          const outcome = await drain(
            verifyStream(source(...chunks), sized ? { digest, sizeBytes: all.length } : { digest }),
          );
          assert.equal(outcome.error, undefined);
          assert.ok(all.equals(outcome.received));
        },
      ),
    );
  });

  test('one changed byte never passes, and its chunk is not handed out when the size is known', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (bytes, where, flip) => {
          const damaged = Uint8Array.from(bytes);
          const at = where % bytes.length;
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          const wanted = { digest: digestOf(bytes), sizeBytes: bytes.length };
          const outcome = await drain(verifyStream(source(damaged), wanted));
          assert.equal(codeOf(outcome.error), 'ERR_BLOB_DIGEST_MISMATCH');
          assert.equal(outcome.received.length, 0);
          const unsized = await drain(verifyStream(source(damaged), { digest: wanted.digest }));
          assert.equal(codeOf(unsized.error), 'ERR_BLOB_DIGEST_MISMATCH');
        },
      ),
    );
  });

  test('a source that goes on is stopped at the first chunk beyond the size', async () => {
    const endless = source(text, utf8('x'), utf8('never asked for'));
    const { received, error } = await drain(verifyStream(endless, expected));
    assert.equal(codeOf(error), 'ERR_BLOB_SIZE_MISMATCH');
    assert.ok(received.length <= text.length);
    assert.equal(endless.given, 2);
    assert.ok(endless.closed);
  });

  test('a short source', async () => {
    const { error } = await drain(verifyStream(source(text.subarray(1)), expected));
    assert.equal(codeOf(error), 'ERR_BLOB_SIZE_MISMATCH');
  });

  test('an empty blob from a source without chunks, or with empty ones', async () => {
    const empty = { digest: digestOf(new Uint8Array(0)), sizeBytes: 0 };
    assert.equal((await drain(verifyStream(source(), empty))).error, undefined);
    assert.equal((await drain(verifyStream(source(new Uint8Array(0)), empty))).error, undefined);
    assert.equal(codeOf((await drain(verifyStream(source(), expected))).error), 'ERR_BLOB_SIZE_MISMATCH');
  });

  test('sha512', async () => {
    const digest = digestOf(text, 'sha512');
    assert.equal((await drain(verifyStream(source(text), { digest, sizeBytes: text.length }))).error, undefined);
  });

  test('stopping early and aborting close the source', async () => {
    const first = source(text.subarray(0, 4), text.subarray(4));
    for await (const _ of verifyStream(first, expected)) break;
    assert.ok(first.closed);
    const second = source(text.subarray(0, 4), text.subarray(4));
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of verifyStream(second, expected, { signal: controller.signal })) {
        controller.abort(new Error('stopped by the test'));
      }
    }, /stopped by the test/);
    assert.ok(second.closed);
  });
});

describe('BlobVerifier', () => {
  test('refuses the byte beyond the size before anything else sees it', () => {
    const verifier = new BlobVerifier(expected);
    verifier.update(text);
    assert.throws(() => verifier.update(new Uint8Array(1)), { code: 'ERR_BLOB_SIZE_MISMATCH' });
    assert.equal(verifier.sizeBytes, text.length);
    verifier.finish();
  });

  test('distinguishes truncated from changed content', () => {
    const cut = new BlobVerifier(expected);
    cut.update(text.subarray(0, 3));
    assert.throws(() => cut.finish(), { code: 'ERR_BLOB_SIZE_MISMATCH' });
    const changed = new BlobVerifier(expected);
    changed.update(new Uint8Array(text.length));
    assert.throws(() => changed.finish(), { code: 'ERR_BLOB_DIGEST_MISMATCH' });
  });
});

test('a running digest can be looked at on the way', () => {
  const running = new RunningDigest('sha256');
  running.update(text.subarray(0, 5));
  assert.equal(running.digest(), digestOf(text.subarray(0, 5)));
  running.update(text.subarray(5));
  assert.deepEqual([running.digest(), running.sizeBytes], [expected.digest, expected.sizeBytes]);
});
