import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlobInfo, BlobReader, ContentStore, StoredBlob } from '../../content/types.ts';
import { digestOf } from '../../content/verify.ts';
import type { ErrorCode, ErrorKind } from '../../errors/index.ts';
import { utf8 } from '../../lib/bytes.ts';
import { type Digest, parseDigest } from '../../spec/digest.ts';

/** A new, empty store to be tested; disposal removes it. */
export interface ContentStoreSubject extends AsyncDisposable {
  readonly store: ContentStore;
  /**
   * Opens a second handle on the same content, as another process would have it. Absent for stores that cannot have
   * one.
   */
  readonly reopen?: () => Promise<ContentStore>;
}

const megabyte = 1 << 20;
const emptyDigest = digestOf(new Uint8Array(0));

/** Reproducible bytes that do not repeat within a megabyte. */
function sampleBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

async function put(store: ContentStore, bytes: Uint8Array, ref = `put-${digestOf(bytes)}`): Promise<Digest> {
  await using writer = await store.writer(ref);
  await writer.truncate(0);
  await writer.write(bytes);
  return (await writer.commit()).digest;
}

async function readAll(reader: BlobReader, range: { start?: number; end?: number } = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.stream(range)) {
    assert.ok(chunk.length > 0 && chunk.length <= megabyte, `a chunk of ${chunk.length} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function get(store: ContentStore, digest: Digest): Promise<Uint8Array> {
  await using reader = await store.open(digest);
  const bytes = await readAll(reader);
  assert.equal(bytes.length, reader.sizeBytes);
  return bytes;
}

async function listBlobs(store: ContentStore): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  for await (const info of store.list()) found.push(info);
  return found;
}

const hasCode =
  (code: ErrorCode, kind: ErrorKind) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Error, `thrown: ${String(error)}`);
    assert.deepEqual(
      { code: 'code' in error && error.code, kind: 'kind' in error && error.kind },
      { code, kind },
      error.stack,
    );
    return true;
  };
const sizeMismatch = hasCode('ERR_BLOB_SIZE_MISMATCH', 'corrupt');
const digestMismatch = hasCode('ERR_BLOB_DIGEST_MISMATCH', 'corrupt');
const notFound = hasCode('ERR_BLOB_NOT_FOUND', 'not-found');
const busy = hasCode('ERR_INGEST_BUSY', 'unavailable');

/**
 * Registers the tests of `node:test` that every content store must pass.
 *
 * @param open opens a new, empty store; called once a test
 */
export function contentStoreSuite(name: string, open: () => Promise<ContentStoreSubject>): void {
  const check = (title: string, body: (store: ContentStore, subject: ContentStoreSubject) => Promise<void>): void => {
    test(title, async () => {
      await using subject = await open();
      await body(subject.store, subject);
    });
  };

  describe(`content store: ${name}`, () => {
    describe('write and read', () => {
      for (const [what, length] of [
        ['an empty blob', 0],
        ['one byte', 1],
        ['exactly one chunk', megabyte],
        ['a chunk and a byte', megabyte + 1],
        ['three chunks', 3 * megabyte],
      ] as const) {
        check(`${what} is read as it was written`, async (store) => {
          const bytes = sampleBytes(length);
          const digest = digestOf(bytes);
          await using writer = await store.writer('a', { expected: { digest, sizeBytes: length } });
          for (let i = 0; i < length; i += 300_000) await writer.write(bytes.subarray(i, i + 300_000));
          assert.equal(writer.offset, length);
          assert.deepEqual(await writer.commit(), { digest, sizeBytes: length, existed: false });
          assert.deepEqual(Buffer.from(await get(store, digest)), Buffer.from(bytes));
        });
      }

      check('without expectations the digest is sha256 of the bytes written', async (store) => {
        const digest = await put(store, utf8('hello'));
        assert.equal(digest, 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
      });

      check('a chunk may be reused once write resolved', async (store) => {
        await using writer = await store.writer('a');
        const chunk = utf8('first');
        await writer.write(chunk);
        chunk.fill(0);
        const { digest } = await writer.commit();
        assert.equal(digest, digestOf(utf8('first')));
        assert.deepEqual(Buffer.from(await get(store, digest)), Buffer.from('first'));
      });

      check('sha512 names a blob as well, known before or only at the end', async (store) => {
        const bytes = sampleBytes(5000);
        const digest = digestOf(bytes, 'sha512');
        await using early = await store.writer('early', { expected: { digest, sizeBytes: 5000 } });
        await early.write(bytes);
        assert.equal((await early.commit()).existed, false);
        await using late = await store.writer('late');
        await late.write(bytes);
        assert.deepEqual(await late.commit({ expected: { digest } }), { digest, sizeBytes: 5000, existed: true });
        assert.deepEqual(Buffer.from(await get(store, digest)), Buffer.from(bytes));
        assert.equal(await store.info(digestOf(bytes)), undefined, 'it does not appear under another algorithm');
      });

      check('ranges and positions', async (store) => {
        const bytes = sampleBytes(megabyte + 100);
        await using reader = await store.open(await put(store, bytes));
        assert.deepEqual(
          Buffer.from(await readAll(reader, { start: 10, end: 20 })),
          Buffer.from(bytes.subarray(10, 20)),
        );
        assert.deepEqual(
          Buffer.from(await readAll(reader, { start: megabyte })),
          Buffer.from(bytes.subarray(megabyte)),
        );
        assert.equal((await readAll(reader, { start: 20, end: 20 })).length, 0);
        assert.equal((await readAll(reader, { start: 2 * megabyte })).length, 0);
        assert.equal((await readAll(reader, { end: 9 * megabyte })).length, bytes.length);
        const target = new Uint8Array(50);
        assert.equal(await reader.read(target, 7), 50);
        assert.deepEqual(target, bytes.slice(7, 57));
        assert.equal(await reader.read(target, bytes.length - 3), 3);
        assert.deepEqual(target.subarray(0, 3), bytes.slice(-3));
        assert.equal(await reader.read(target, bytes.length), 0);
        assert.equal(await reader.read(target, bytes.length + 5), 0);
      });

      check('two readers do not disturb each other', async (store) => {
        const bytes = sampleBytes(2 * megabyte);
        const digest = await put(store, bytes);
        const copies = await Promise.all([get(store, digest), get(store, digest)]);
        for (const copy of copies) assert.ok(Buffer.from(bytes).equals(copy));
      });
    });

    describe('bytes that do not match are refused', () => {
      const bytes = sampleBytes(1000);
      const expected: StoredBlob = { digest: digestOf(bytes), sizeBytes: 1000 };

      check('other bytes of the right length', async (store) => {
        await using writer = await store.writer('a', { expected });
        await writer.write(sampleBytes(1000, 2));
        await assert.rejects(writer.commit(), digestMismatch);
        assert.deepEqual(await listBlobs(store), []);
        await using again = await store.writer('a', { expected });
        assert.equal(again.offset, 0, 'the wrong bytes are discarded');
      });

      check('too few bytes', async (store) => {
        await using writer = await store.writer('a', { expected });
        await writer.write(bytes.subarray(0, 999));
        await assert.rejects(writer.commit(), sizeMismatch);
        await using again = await store.writer('a');
        assert.equal(again.offset, 0);
      });

      check('one byte too many, at once and before it is stored', async (store) => {
        await using writer = await store.writer('a', { expected });
        await writer.write(bytes);
        await assert.rejects(writer.write(new Uint8Array(1)), sizeMismatch);
        await using again = await store.writer('a');
        assert.equal(again.offset, 0);
      });

      check('a digest or size that only the commit names', async (store) => {
        for (const [wrong, verdict] of [
          [{ digest: emptyDigest }, digestMismatch],
          [{ digest: expected.digest, sizeBytes: 999 }, sizeMismatch],
          [{ digest: expected.digest, sizeBytes: 1001 }, sizeMismatch],
        ] as const) {
          await using writer = await store.writer('a');
          await writer.write(bytes);
          await assert.rejects(writer.commit({ expected: wrong }), verdict);
        }
        assert.deepEqual(await listBlobs(store), []);
      });

      check('a descriptor whose size is not the blob’s', async (store) => {
        const digest = await put(store, bytes);
        await using reader = await store.open(digest, { sizeBytes: 1000 });
        assert.equal(reader.sizeBytes, 1000);
        await assert.rejects(store.open(digest, { sizeBytes: 999 }), hasCode('ERR_BLOB_DAMAGED', 'corrupt'));
      });

      for (const hostile of [
        'sha256:../../../../etc/passwd',
        'sha256:..',
        `sha256:${'a'.repeat(63)}`,
        `sha256:${'A'.repeat(64)}`,
        `sha256:${'a'.repeat(64)}/x`,
        `sha256:${'a'.repeat(64)}\0`,
        `md5:${'a'.repeat(32)}`,
        `sha384:${'a'.repeat(96)}`,
        `../sha256:${'a'.repeat(64)}`,
        'sha256',
        '',
      ]) {
        check(`the digest ${JSON.stringify(hostile.slice(0, 40))} names nothing anywhere`, async (store) => {
          const digest = hostile as Digest;
          const invalid = (error: unknown): boolean => {
            assert.ok(error instanceof Error && 'code' in error);
            assert.match(String(error.code), /^ERR_DIGEST_(INVALID|UNSUPPORTED)$/);
            return true;
          };
          await assert.rejects(store.open(digest), invalid);
          await assert.rejects(store.info(digest), invalid);
          await assert.rejects(store.delete(digest), invalid);
          await assert.rejects(store.writer('a', { expected: { digest, sizeBytes: 1 } }), invalid);
          await using writer = await store.writer('a');
          await assert.rejects(writer.commit({ expected: { digest } }), invalid);
        });
      }
    });

    describe('resume', () => {
      check('disposal keeps the bytes for the next writer of the same ref', async (store, { reopen }) => {
        const bytes = sampleBytes(megabyte + 500);
        {
          await using writer = await store.writer('layer');
          await writer.write(bytes.subarray(0, megabyte));
        }
        assert.deepEqual(await listBlobs(store), []);
        const next = (await reopen?.()) ?? store;
        await using writer = await next.writer('layer');
        assert.equal(writer.offset, megabyte);
        await writer.write(bytes.subarray(megabyte));
        const { digest, sizeBytes } = await writer.commit();
        assert.deepEqual({ digest, sizeBytes }, { digest: digestOf(bytes), sizeBytes: bytes.length });
        assert.ok(Buffer.from(bytes).equals(await get(store, digest)));
      });

      check('truncate discards the end, also after a resume', async (store) => {
        const bytes = sampleBytes(5000);
        {
          await using writer = await store.writer('a');
          await writer.write(sampleBytes(3000, 9));
          await writer.truncate(0);
          await writer.write(bytes.subarray(0, 2000));
          await writer.write(sampleBytes(100, 8));
        }
        await using writer = await store.writer('a');
        assert.equal(writer.offset, 2100);
        await writer.truncate(2000);
        assert.equal(writer.offset, 2000);
        await writer.write(bytes.subarray(2000));
        assert.equal((await writer.commit()).digest, digestOf(bytes));
      });

      check('truncating past the end is a bug of the caller', async (store) => {
        await using writer = await store.writer('a');
        await assert.rejects(writer.truncate(1), /invariant/);
        await assert.rejects(writer.truncate(-1), /invariant/);
      });

      check('more bytes than are expected now cannot be the same blob: start over', async (store) => {
        {
          await using writer = await store.writer('a');
          await writer.write(sampleBytes(200));
        }
        await using writer = await store.writer('a', { expected: { digest: emptyDigest, sizeBytes: 0 } });
        assert.equal(writer.offset, 0);
        await writer.commit();
      });

      check('an unfinished blob is discarded by its ref, unless a writer has it open', async (store) => {
        let forgotten = 0;
        const forget = async (): Promise<boolean> => ++forgotten > 0;
        {
          await using writer = await store.writer('a');
          await writer.write(sampleBytes(10));
          assert.equal(await store.discardIngest('a', forget), false);
        }
        assert.equal(await store.discardIngest('a', async () => false), false, 'kept when the callback refuses');
        {
          await using kept = await store.writer('a');
          assert.equal(kept.offset, 10);
        }
        assert.equal(await store.discardIngest('a', forget), true);
        assert.equal(await store.discardIngest('never written', forget), true);
        assert.equal(forgotten, 2);
        await using again = await store.writer('a');
        assert.equal(again.offset, 0);
      });

      check('discard, commit and a refused commit leave nothing to resume', async (store) => {
        await (await store.writer('d')).discard();
        const writer = await store.writer('d');
        await writer.write(utf8('x'));
        await writer.discard();
        await writer.discard();
        await writer[Symbol.asyncDispose]();
        await put(store, utf8('committed'), 'd');
        await using again = await store.writer('d');
        assert.equal(again.offset, 0);
      });

      check('a closed writer accepts no more bytes', async (store) => {
        const writer = await store.writer('a');
        await writer.commit();
        await assert.rejects(writer.write(utf8('x')), /invariant/);
        await assert.rejects(writer.commit(), /invariant/);
        await assert.rejects(writer.truncate(0), /invariant/);
        await writer[Symbol.asyncDispose]();
      });
    });

    describe('refs', () => {
      check('one writer at a time; the next one once it is closed', async (store, { reopen }) => {
        const other = (await reopen?.()) ?? store;
        for (const end of ['dispose', 'discard', 'commit'] as const) {
          const writer = await store.writer('same');
          await assert.rejects(store.writer('same'), busy);
          await assert.rejects(other.writer('same'), busy);
          await using _different = await other.writer('different');
          if (end === 'commit') await writer.commit();
          else if (end === 'discard') await writer.discard();
          else await writer[Symbol.asyncDispose]();
          await using _next = await other.writer('same');
        }
      });

      check('any text is a ref, and different texts never share an ingest', async (store) => {
        const refs = [
          '',
          '.',
          '..',
          '../../etc/passwd',
          '/etc/passwd',
          'a/b',
          'a\0b',
          'a\nb',
          'é',
          'e\u0301',
          '\ud800',
          '\udfff',
          'x'.repeat(100_000),
          'x'.repeat(100_001),
          '-rf',
          'ref',
          'data',
        ];
        for (const [i, ref] of refs.entries()) {
          await using writer = await store.writer(ref);
          assert.equal(writer.offset, 0, JSON.stringify(ref.slice(0, 20)));
          await writer.write(sampleBytes(i + 1));
        }
        for (const [i, ref] of refs.entries()) {
          await using writer = await store.writer(ref);
          assert.equal(writer.offset, i + 1, JSON.stringify(ref.slice(0, 20)));
          await writer.discard();
        }
      });
    });

    describe('the same blob more than once', () => {
      check('committing an existing blob reports that', async (store) => {
        const bytes = sampleBytes(3000);
        await put(store, bytes, 'first');
        await using writer = await store.writer('second', { expected: { digest: digestOf(bytes), sizeBytes: 3000 } });
        await writer.write(bytes);
        assert.equal((await writer.commit()).existed, true);
        assert.equal((await listBlobs(store)).length, 1);
        await using again = await store.writer('second');
        assert.equal(again.offset, 0);
      });

      check('a hundred writers at once store one blob, and one of them is the first', async (store, { reopen }) => {
        const bytes = sampleBytes(70_000);
        const stores = [store, (await reopen?.()) ?? store];
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, async (_, i) => {
            await using writer = await (stores[i % 2] ?? store).writer(`w${i}`);
            await writer.write(bytes.subarray(0, 30_000));
            await writer.write(bytes.subarray(30_000));
            return await writer.commit();
          }),
        );
        assert.equal(outcomes.filter(({ existed }) => !existed).length, 1);
        assert.deepEqual(new Set(outcomes.map(({ digest }) => digest)), new Set([digestOf(bytes)]));
        assert.equal((await listBlobs(store)).length, 1);
        assert.ok(Buffer.from(bytes).equals(await get(store, digestOf(bytes))));
      });

      check('many different blobs at once', async (store) => {
        const digests = await Promise.all(
          Array.from({ length: 60 }, (_, i) => put(store, sampleBytes(1000 + i, i + 1), `w${i}`)),
        );
        assert.deepEqual(new Set((await listBlobs(store)).map(({ digest }) => digest)), new Set(digests));
        for (const [i, digest] of digests.entries()) assert.equal((await store.info(digest))?.sizeBytes, 1000 + i);
      });
    });

    describe('before publishing', () => {
      check('the hook sees the verified blob while it is still invisible', async (store) => {
        const bytes = sampleBytes(100);
        const seen: StoredBlob[] = [];
        const see = (blob: StoredBlob): void => void seen.push(blob);
        await using writer = await store.writer('a');
        await writer.write(bytes);
        await writer.commit({ beforePublish: see });
        assert.deepEqual(seen, [{ digest: digestOf(bytes), sizeBytes: 100 }]);
        await using wrong = await store.writer('b', { expected: { digest: emptyDigest } });
        await wrong.write(bytes);
        await assert.rejects(wrong.commit({ beforePublish: see }), digestMismatch);
        assert.equal(seen.length, 1, 'never called for bytes that are wrong');
      });

      check('a hook that throws keeps the blob out and the bytes in', async (store) => {
        const bytes = sampleBytes(100);
        {
          await using writer = await store.writer('a');
          await writer.write(bytes);
          const refuse = (): never => {
            throw new Error('refused by the hook');
          };
          await assert.rejects(writer.commit({ beforePublish: refuse }), /refused by the hook/);
        }
        assert.deepEqual(await listBlobs(store), []);
        await using writer = await store.writer('a');
        assert.equal(writer.offset, 100);
        assert.equal((await writer.commit()).existed, false);
      });
    });

    describe('info, list, delete', () => {
      check('an absent blob', async (store) => {
        const digest = digestOf(utf8('absent'));
        await assert.rejects(store.open(digest), notFound);
        assert.equal(await store.info(digest), undefined);
        assert.equal(await store.delete(digest), false);
        assert.deepEqual(await listBlobs(store), []);
      });

      check('info and list agree, and ignore unfinished writes', async (store) => {
        const before = Date.now();
        const digests = [
          await put(store, utf8('one')),
          await put(store, sampleBytes(4000)),
          await put(store, utf8('')),
        ];
        await using writer = await store.writer('unfinished');
        await writer.write(utf8('half'));
        const all = await listBlobs(store);
        assert.deepEqual(all.map(({ digest }) => digest).sort(), [...digests].sort());
        for (const info of all) {
          assert.deepEqual(await store.info(info.digest), info);
          assert.ok(Math.abs(info.modifiedAt.getTime() - before) < 60_000, info.modifiedAt.toISOString());
        }
        assert.equal(await store.info(digestOf(utf8('half'))), undefined);
      });

      check('delete is idempotent and lets open readers finish', async (store) => {
        const bytes = sampleBytes(2 * megabyte);
        const digest = await put(store, bytes);
        await using reader = await store.open(digest);
        assert.equal(await store.delete(digest), true);
        assert.equal(await store.delete(digest), false);
        assert.equal(await store.info(digest), undefined);
        await assert.rejects(store.open(digest), notFound);
        assert.ok(Buffer.from(bytes).equals(await readAll(reader)));
        assert.equal(await put(store, bytes), digest);
        assert.ok(Buffer.from(bytes).equals(await get(store, digest)));
      });

      check('delete calls `unless` for an existing blob, and keeps the blob when it returns true', async (store) => {
        const digest = await put(store, utf8('wanted'));
        let asked = 0;
        const wanted = (): boolean => ++asked > 0;
        assert.equal(await store.delete(digest, { unless: wanted }), false);
        assert.equal(asked, 1);
        assert.ok(await store.info(digest));
        assert.equal(await store.delete(digest, { unless: () => false }), true);
      });

      check('a blob can be stored again after its deletion', async (store) => {
        for (let i = 0; i < 5; i++) {
          const digest = await put(store, utf8('again'), 'r');
          assert.equal(await store.delete(digest), true);
        }
        assert.deepEqual(await listBlobs(store), []);
      });
    });

    describe('cancellation', () => {
      const aborted = (): { signal: AbortSignal } => ({ signal: AbortSignal.abort(new Error('stopped by the test')) });

      check('a signal aborted before ends every waiting call with its own reason', async (store) => {
        const digest = await put(store, utf8('x'));
        await assert.rejects(store.open(digest, aborted()), /stopped by the test/);
        await assert.rejects(store.info(digest, aborted()), /stopped by the test/);
        await assert.rejects(store.delete(digest, aborted()), /stopped by the test/);
        await assert.rejects(store.writer('a', aborted()), /stopped by the test/);
        await assert.rejects(async () => {
          for await (const _ of store.list(aborted()));
        }, /stopped by the test/);
        await using reader = await store.open(digest);
        await assert.rejects(async () => {
          for await (const _ of reader.stream(aborted()));
        }, /stopped by the test/);
        await using writer = await store.writer('a');
        await writer.write(utf8('kept'));
        await assert.rejects(writer.commit(aborted()), /stopped by the test/);
        assert.ok(await store.info(digest), 'nothing was deleted');
      });

      check('the writer’s own signal ends its later calls and keeps its bytes', async (store) => {
        const controller = new AbortController();
        {
          await using writer = await store.writer('a', { signal: controller.signal });
          await writer.write(utf8('kept'));
          controller.abort(new Error('stopped by the test'));
          await assert.rejects(writer.write(utf8('more')), /stopped by the test/);
          await assert.rejects(writer.truncate(0), /stopped by the test/);
          await assert.rejects(writer.commit(), /stopped by the test/);
        }
        assert.deepEqual(await listBlobs(store), []);
        await using writer = await store.writer('a');
        assert.equal(writer.offset, 4);
      });

      check('aborting between two chunks ends a stream and a listing', async (store) => {
        const digest = await put(store, sampleBytes(3 * megabyte));
        await put(store, utf8('second'));
        await using reader = await store.open(digest);
        for (const source of [
          (signal: AbortSignal): AsyncIterable<unknown> => reader.stream({ signal }),
          (signal: AbortSignal): AsyncIterable<unknown> => store.list({ signal }),
        ]) {
          const controller = new AbortController();
          let chunks = 0;
          await assert.rejects(async () => {
            for await (const _ of source(controller.signal)) {
              chunks++;
              controller.abort(new Error('stopped by the test'));
            }
          }, /stopped by the test/);
          assert.equal(chunks, 1);
        }
      });
    });

    describe('two handles on one store', () => {
      check('one handle sees the commits and deletions of the other', async (store, { reopen }) => {
        const other = (await reopen?.()) ?? store;
        const digest = await put(store, utf8('shared'));
        assert.equal((await other.info(digest))?.sizeBytes, 6);
        assert.equal(await other.delete(digest), true);
        assert.equal(await store.info(digest), undefined);
      });
    });

    check('a parsed digest of a blob opens it', async (store) => {
      const digest = await put(store, utf8('named'));
      assert.deepEqual(Buffer.from(await get(store, parseDigest(String(digest)))), Buffer.from('named'));
    });
  });
}
