import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import zlib from 'node:zlib';
import { decompress } from '../../../../src/archive/compression/decompress.ts';
import { fc } from '../../../helpers/properties.ts';
import { until } from '../../../helpers/until.ts';
import { codeOf, gzipCases, outcome, pieces, type StreamCase, skippable, zstd, zstdCases } from './streams.fixture.ts';

async function* stream(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes, lengths);
}

async function result(bytes: Uint8Array, lengths: readonly number[], options = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of decompress(stream(bytes, lengths), options)) chunks.push(chunk);
  } catch (error) {
    return codeOf(error);
  }
  return outcome(Buffer.concat(chunks));
}

// These streams have no whole magic: without an expected format they count as uncompressed.
const needsFormat = new Set([
  'nothing at all',
  'half a magic',
  'only zeros',
  'unknown method',
  'a frame of version 0.7',
]);

const formats: readonly (readonly ['gzip' | 'zstd', readonly StreamCase[]])[] = [
  ['gzip', gzipCases],
  ['zstd', zstdCases],
];

for (const [format, cases] of formats) {
  suite(`asynchronous decompression of ${format}`, () => {
    for (const lengths of [[1 << 20], [997], [2, 1, 5]]) {
      test(`every stream, in pieces of ${lengths.join(', ')} bytes`, async () => {
        for (const { name, bytes, expect } of cases) {
          if (bytes.length > 20_000 && lengths[0]! < 100) continue;
          const options = needsFormat.has(name) ? { format } : {};
          assert.equal(await result(bytes, lengths, options), outcome(expect), name);
        }
      });
    }

    test('every stream, cut anywhere', async () => {
      const cut = fc.array(fc.integer({ min: 20, max: 9000 }), { minLength: 1, maxLength: 5 });
      const small = cases.filter(({ bytes }) => bytes.length < 40_000);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...small), cut, async ({ bytes, expect }, lengths) => {
          assert.equal(await result(bytes, lengths, { format }), outcome(expect));
        }),
        { numRuns: 50 },
      );
    });
  });
}

suite('decompression', () => {
  test('uncompressed input passes unchanged', async () => {
    for (const text of ['', 'x', 'plain tar']) {
      assert.equal(await result(Buffer.from(text), [1]), outcome(Buffer.from(text)));
    }
  });

  test('a bomb stops at the limit, in bounded memory', async () => {
    const member = zlib.gzipSync(Buffer.alloc(50_000_000));
    const frame = zstd(Buffer.alloc(50_000_000));
    async function* bomb(unit: Buffer): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 200; i++) yield unit;
    }
    const before = process.memoryUsage().rss;
    for (const unit of [member, frame]) {
      let seen = 0;
      await assert.rejects(
        async () => {
          for await (const chunk of decompress(bomb(unit), { maxBytes: 300_000_000 })) seen += chunk.length;
        },
        { code: 'ERR_COMPRESSION_TOO_LARGE', kind: 'exhausted' },
      );
      assert.ok(seen <= 300_000_000 && seen > 290_000_000, `${seen} bytes were handed out`);
    }
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 150_000_000, `memory grew by ${grown} bytes`);
  });

  test('an exact limit is no error', async () => {
    const bytes = zlib.gzipSync('12345');
    assert.equal(await result(bytes, [7], { maxBytes: 5 }), outcome(Buffer.from('12345')));
    assert.equal(await result(bytes, [7], { maxBytes: 4 }), 'ERR_COMPRESSION_TOO_LARGE');
  });

  for (const [format, head] of [
    ['none', Buffer.from('plain tar bytes')],
    ['gzip', zlib.gzipSync(Buffer.alloc(100_000)).subarray(0, 50)],
    ['zstd', Buffer.concat([skippable(Buffer.alloc(20)), zstd(Buffer.from('x'))])],
  ] as const) {
    test(`an abort wins over a ${format} source that never answers`, async () => {
      let closed = 0;
      const silent: AsyncIterable<Uint8Array> = {
        [Symbol.asyncIterator]: () => {
          let turn = 0;
          return {
            next: () => (turn++ === 0 ? Promise.resolve({ done: false, value: head }) : new Promise(() => {})),
            return: () => {
              closed++;
              return Promise.resolve({ done: true, value: undefined });
            },
          };
        },
      };
      const controller = new AbortController();
      const reading = Array.fromAsync(decompress(silent, { signal: controller.signal }));
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 20);
      await assert.rejects(reading, (error) => error === reason);
      assert.equal(closed, 1);
    });

    test(`leaving a ${format} stream early closes its source`, async () => {
      let closed = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            yield head;
            await sleep(1);
            if (format === 'gzip') yield Buffer.alloc(0);
          }
        } finally {
          closed = true;
        }
      }
      const source = format === 'gzip' ? bigMember(() => void (closed = true)) : endless();
      for await (const chunk of decompress(source)) {
        assert.ok(chunk.length > 0);
        break;
      }
      // The source closes after the generator's sleep, and the decompressor does not wait for that.
      await until(
        () => closed,
        () => 'its source stays open',
      );
    });
  }

  async function* bigMember(close: () => void): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces(zlib.gzipSync(Buffer.alloc(30_000_000)), [1000]);
    } finally {
      close();
    }
  }

  test('the failure of a source comes through unchanged', async () => {
    const reason = new Error('connection reset');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield zlib.gzipSync(Buffer.alloc(100_000)).subarray(0, 60);
      throw reason;
    }
    await assert.rejects(Array.fromAsync(decompress(broken())), (error) => error === reason);
  });

  test('an aborted signal reads nothing', async () => {
    let pulled = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      pulled = true;
      yield Buffer.from('x');
    }
    await assert.rejects(Array.fromAsync(decompress(source(), { signal: AbortSignal.abort() })), {
      name: 'AbortError',
    });
    assert.equal(pulled, false);
  });
});
