import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import zlib from 'node:zlib';
import { type CompressGzipOptions, compressGzip } from '../../../../src/archive/compression/compress-gzip.ts';
import { compressZstd } from '../../../../src/archive/compression/compress-zstd.ts';
import { decompress } from '../../../../src/archive/compression/decompress.ts';
import { canRemake, gzipRecipe, remake, zstdRecipe } from '../../../../src/archive/compression/recipe.ts';
import type {
  CompressionRecipe,
  MemberCompressor,
  MemberCompressorMaker,
} from '../../../../src/archive/compression/types.ts';
import { libdeflateCompressor } from '../../../../src/sys/deflate/libdeflate.ts';
import { fc } from '../../../helpers/properties.ts';
import { pieces } from './streams.fixture.ts';

const blockBytes = 64 * 1024;
const noise = Buffer.concat(Array.from({ length: 4096 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
const text = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `line ${i * 7919} of a log\n`).join(''));

async function* stream(bytes: Uint8Array, lengths: readonly number[] = [1 << 20]): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes, lengths);
}
const all = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(chunks));
const gzip = (bytes: Uint8Array, options: CompressGzipOptions = {}, lengths?: readonly number[]): Promise<Buffer> =>
  all(compressGzip(stream(bytes, lengths), { blockBytes, ...options }));

suite('gzip by blocks', () => {
  test('output decompresses to the data, for any size relative to a block', async () => {
    for (const size of [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes, text.length]) {
      const data = text.subarray(0, size);
      assert.ok(zlib.gunzipSync(await gzip(data)).equals(data), `${size} bytes`);
    }
  });

  test('every level, on text and on noise', async () => {
    for (let level = 0; level <= 9; level++) {
      for (const data of [text.subarray(0, 150_000), noise]) {
        assert.ok(zlib.gunzipSync(await gzip(data, { level })).equals(data), `level ${level}`);
      }
    }
  });

  test('output has one member without time, name and system', async () => {
    const made = await gzip(text, { level: 9 });
    assert.equal(made.subarray(0, 10).toString('hex'), '1f8b08000000000002ff');
    assert.equal(made.readUInt32LE(made.length - 8), zlib.crc32(text));
    assert.equal(made.readUInt32LE(made.length - 4), text.length);
  });

  test('the bytes depend neither on the cutting of the source nor on concurrency', async () => {
    const data = text.subarray(0, 300_000);
    const expected = await gzip(data, { concurrency: 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        async (lengths, concurrency) => {
          assert.ok((await gzip(data, { concurrency }, lengths)).equals(expected));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a source may reuse its buffer', async () => {
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = Buffer.alloc(10_000);
      for (let at = 0; at < text.length; at += buffer.length) {
        yield buffer.subarray(0, text.copy(buffer, 0, at));
        buffer.fill(0xff);
      }
    }
    assert.ok(zlib.gunzipSync(await all(compressGzip(reusing(), { blockBytes }))).equals(text));
  });

  test('blocks cost little size: within 2 % of one piece', async () => {
    const whole = zlib.gzipSync(text, { level: 6 }).length;
    const blocks = (await gzip(text, { level: 6 })).length;
    assert.ok(blocks < whole * 1.02, `${blocks} against ${whole}`);
  });

  test('reads ahead no further than what is under way', async () => {
    let pulled = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 100; i++) {
        pulled++;
        yield noise.subarray(0, blockBytes);
      }
    }
    let taken = 0;
    for await (const chunk of compressGzip(counted(), { blockBytes, concurrency: 3 })) {
      assert.ok(chunk.length > 0);
      taken++;
      assert.ok(pulled <= taken + 4, `${pulled} pulled, ${taken} taken`);
    }
    assert.equal(taken, 102);
  });

  test('abort ends it with the reason, leaving early closes the source', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let closed = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield noise;
      } finally {
        closed++;
      }
    }
    let chunks = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of compressGzip(endless(), { signal: controller.signal })) {
          if (++chunks === 5 && chunk.length > 0) controller.abort(reason);
        }
      },
      (error) => error === reason,
    );
    for await (const chunk of compressGzip(endless())) if (chunk.length > 100) break;
    assert.equal(closed, 2);
  });

  test('parameters out of range are refused', async () => {
    for (const options of [
      { level: 10 },
      { level: -1 },
      { level: 1.5 },
      { blockBytes: 1000 },
      { blockBytes: 1 << 28 },
    ]) {
      await assert.rejects(gzip(text, options), { code: 'ERR_COMPRESSION_PARAMETERS', kind: 'invalid-argument' });
    }
    await assert.rejects(all(compressZstd(stream(text), { level: 23 })), { code: 'ERR_COMPRESSION_PARAMETERS' });
  });
});

const native = [libdeflateCompressor];
const skip = absenceOf(libdeflateCompressor);

function absenceOf(maker: MemberCompressorMaker): string | false {
  try {
    maker.open(4)[Symbol.dispose]();
    return false;
  } catch (error) {
    return `${maker.name}: ${String(error)}`;
  }
}

suite('gzip by libdeflate', { skip }, () => {
  test('gives the data back, a member for each block', async () => {
    for (const size of [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes, text.length]) {
      const data = text.subarray(0, size);
      const made = await gzip(data, { native });
      assert.ok(zlib.gunzipSync(made).equals(data), `${size} bytes`);
      assert.ok(Buffer.concat(await Array.fromAsync(decompress(stream(made)))).equals(data), `${size} bytes`);
    }
  });

  test('every level, on text and on noise, and no larger than zlib at its default', async () => {
    for (let level = 0; level <= 9; level++) {
      for (const data of [text.subarray(0, 150_000), noise]) {
        assert.ok(zlib.gunzipSync(await gzip(data, { level, native })).equals(data), `level ${level}`);
      }
    }
    const [ours, zlibs] = await Promise.all([gzip(text, { native, blockBytes: 1 << 20 }), gzip(text)]);
    assert.ok(ours.length < zlibs.length, `${ours.length} against ${zlibs.length}`);
  });

  test('the bytes depend neither on the cutting of the source nor on concurrency', async () => {
    const expected = await gzip(text, { native, concurrency: 1 });
    for (const concurrency of [2, 7]) {
      assert.ok((await gzip(text, { native, concurrency }, [70_001, 3])).equals(expected), `${concurrency}`);
    }
    assert.ok(!(await gzip(text)).equals(expected));
    assert.ok((await gzip(text, { native, compressor: 'zlib' })).equals(await gzip(text)));
  });

  test('leaving early and failing sources wait for what is under way', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 5; i++) yield noise;
      throw new Error('the source failed');
    }
    await assert.rejects(all(compressGzip(failing(), { blockBytes, native })), /the source failed/);
    for await (const chunk of compressGzip(failing(), { blockBytes, native })) if (chunk.length > 0) break;
  });

  test('its recipe names it; without the library the blob is not made again by something else', async () => {
    const recipe = await gzipRecipe({}, native);
    assert.deepEqual(
      { ...recipe, fingerprint: '' },
      {
        codec: 'gzip',
        compressor: 'libdeflate',
        level: 4,
        blockBytes: 1 << 20,
        fingerprint: '',
      },
    );
    const first = await all(remake(stream(text), recipe, { native }));
    assert.ok((await all(remake(stream(text, [333_333]), recipe, { native, concurrency: 1 }))).equals(first));
    assert.ok((await gzip(text, { native, blockBytes: undefined })).equals(first));
    assert.equal(await canRemake(recipe), false);
    await assert.rejects(all(remake(stream(text), recipe)), { code: 'ERR_COMPRESSION_RECIPE' });
    await assert.rejects(gzip(text, { compressor: 'libdeflate' }), { code: 'ERR_COMPRESSION_NO_COMPRESSOR' });
    const zlibRecipe = await gzipRecipe({ compressor: 'zlib' }, native);
    assert.deepEqual(zlibRecipe, await gzipRecipe());
    assert.equal(await canRemake(zlibRecipe, native), true);
  });
});

test('a compressor that is absent, fails or gives wrong bytes is not taken', async () => {
  const maker = (compress: MemberCompressor['compress']): MemberCompressorMaker => ({
    name: 'broken',
    open: () => ({ compress, [Symbol.dispose]: () => {} }),
  });
  const absent: MemberCompressorMaker = {
    name: 'absent',
    open: () => {
      throw new Error('no such library');
    },
  };
  const wrong = maker(async () => zlib.gzipSync('wrong'));
  const failing = maker(() => Promise.reject(new Error('fails')));
  assert.ok((await gzip(text, { native: [absent, wrong, failing] })).equals(await gzip(text)));
});

suite('zstd', () => {
  test('gives the data back at any size', async () => {
    for (const data of [Buffer.alloc(0), Buffer.from('x'), text, Buffer.concat([noise, text, noise])]) {
      const made = await all(compressZstd(stream(data)));
      assert.ok(zlib.zstdDecompressSync(made).equals(data), `${data.length} bytes`);
    }
  });

  test('the bytes do not depend on the cutting of the source', async () => {
    const expected = await all(compressZstd(stream(text)));
    const cut = fc.array(fc.integer({ min: 50, max: 900_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cut, async (lengths) => {
        assert.ok((await all(compressZstd(stream(text, lengths)))).equals(expected));
      }),
      { numRuns: 15 },
    );
  });
});

suite('recipes', () => {
  test('remaking gives the same bytes', async () => {
    const recipes = [
      await gzipRecipe(),
      await gzipRecipe({ level: 1, blockBytes: 1 << 17 }),
      await zstdRecipe({ level: 5 }),
    ];
    for (const recipe of recipes) {
      const first = await all(remake(stream(text), recipe));
      const again = await all(remake(stream(text, [333_333]), recipe, { concurrency: 1 }));
      assert.ok(first.equals(again) && first.length < text.length / 3);
    }
    const { codec, ...parameters } = recipes[1] as Extract<CompressionRecipe, { codec: 'gzip' }>;
    assert.equal(codec, 'gzip');
    assert.ok((await all(remake(stream(text), recipes[1]!))).equals(await all(compressGzip(stream(text), parameters))));
  });

  test('a recipe survives JSON', async () => {
    const recipe = await gzipRecipe();
    assert.deepEqual(JSON.parse(JSON.stringify(recipe)), recipe);
    assert.match(recipe.fingerprint, /^[0-9a-f]{32}$/);
  });

  test('fingerprints tell levels and codecs apart', async () => {
    const levels = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => gzipRecipe({ level })));
    const zstd = await Promise.all([1, 3, 9].map((level) => zstdRecipe({ level })));
    const prints = [...levels, ...zstd].map(({ fingerprint }) => fingerprint);
    assert.equal(new Set(prints).size, prints.length);
  });

  test('another compressor is refused before the source is read', async () => {
    const recipe: CompressionRecipe = { ...(await gzipRecipe()), fingerprint: '0'.repeat(32) };
    let pulled = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      pulled = true;
      yield text;
    }
    assert.equal(await canRemake(recipe), false);
    await assert.rejects(all(remake(source(), recipe)), {
      code: 'ERR_COMPRESSION_RECIPE',
      kind: 'failed-precondition',
    });
    assert.equal(pulled, false);
  });
});
