import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { suite, test } from 'node:test';
import { chooseDecoder, createInflater } from '../../../../src/archive/compression/create-inflater.ts';
import { nodeDecoders } from '../../../../src/archive/compression/node-decoders.ts';
import { openInflater, proveDecoder } from '../../../../src/archive/compression/prove-decoder.ts';
import type { DecoderMaker, DecoderStep } from '../../../../src/archive/compression/types.ts';
import { nativeDecoders } from '../../../../src/sys/inflate/native-decoders.ts';
import { fc } from '../../../helpers/properties.ts';
import { codeOf, gzipCases, outcome, pieces, type StreamCase, zstdCases } from './streams.fixture.ts';

const makers: readonly DecoderMaker[] = [...nodeDecoders, ...nativeDecoders];
const casesOf = (maker: DecoderMaker): readonly StreamCase[] => (maker.format === 'gzip' ? gzipCases : zstdCases);
const isThere = (maker: DecoderMaker): string | false => {
  try {
    maker.open()[Symbol.dispose]();
    return false;
  } catch (error) {
    return `${maker.name}: ${String(error)}`;
  }
};

function inflate(maker: DecoderMaker, bytes: Uint8Array, lengths: readonly number[]): string {
  using inflater = openInflater(maker);
  const chunks: Buffer[] = [];
  const collect = (chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk));
  try {
    for (const piece of pieces(bytes, lengths)) inflater.write(piece, collect);
    inflater.finish(collect);
  } catch (error) {
    return codeOf(error);
  }
  return outcome(Buffer.concat(chunks));
}

for (const maker of makers) {
  suite(`decoder ${maker.name}`, { skip: isThere(maker) }, () => {
    test('proves itself', () => assert.equal(proveDecoder(maker), true));

    for (const lengths of [[1 << 20], [1000], [3, 1, 8, 2]]) {
      test(`every stream, in pieces of ${lengths.join(', ')} bytes`, () => {
        for (const { name, bytes, expect } of casesOf(maker)) {
          if (bytes.length > 100_000 && lengths[0]! < 1000) continue;
          assert.equal(inflate(maker, bytes, lengths), outcome(expect), name);
        }
      });
    }

    test('every stream, cut anywhere', () => {
      const cut = fc.tuple(
        fc.constantFrom(...casesOf(maker)),
        fc.array(fc.integer({ min: 100, max: 70_000 }), { minLength: 1, maxLength: 5 }),
      );
      fc.assert(
        fc.property(cut, ([{ bytes, expect }, lengths]) => {
          assert.equal(inflate(maker, bytes, lengths), outcome(expect));
        }),
        { numRuns: 60 },
      );
    });

    test('no shorter beginning of a stream passes', () => {
      const { bytes } = casesOf(maker)[0]!;
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(inflate(maker, bytes.subarray(0, length), [64]), 'ERR_COMPRESSION_TRUNCATED', `${length} bytes`);
      }
    });

    test('random damage never crashes, and is refused or leaves the content as it was', () => {
      const { bytes, expect } = casesOf(maker)[0]!;
      fc.assert(
        fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
          const damaged = Buffer.from(bytes);
          damaged[at]! ^= mask;
          const result = inflate(maker, damaged, [1 << 16]);
          assert.ok(result.startsWith('ERR_COMPRESSION_') || result === outcome(expect), result);
        }),
        { numRuns: 500 },
      );
    });

    test('a failed decoder stays failed', () => {
      const bad = casesOf(maker).find(({ name }) => name === 'wrong checksum')!;
      using inflater = openInflater(maker);
      const none = (): void => {};
      assert.throws(() => inflater.write(bad.bytes, none), { code: 'ERR_COMPRESSION_CORRUPT' });
      assert.throws(() => inflater.finish(none));
    });
  });
}

suite('choice of a decoder', () => {
  const broken = (step: DecoderStep): DecoderMaker => ({
    name: 'broken',
    format: 'gzip',
    speed: 1_000_000,
    open: () => ({ step: () => step, complete: () => true, restart: () => {}, [Symbol.dispose]: () => {} }),
  });
  const nothing = new Uint8Array(0);

  test('passes over what cannot be opened', () => {
    const absent: DecoderMaker = {
      name: 'absent',
      format: 'gzip',
      speed: 1_000_000,
      open: () => {
        throw new Error('no such library');
      },
    };
    assert.notEqual(chooseDecoder('gzip', [absent]).name, 'absent');
  });

  test('skips a decoder that returns wrong bytes, no bytes, or swallows errors', () => {
    const step: DecoderStep = { consumed: 13, output: nothing, full: false, ended: false, failure: undefined };
    assert.notEqual(chooseDecoder('gzip', [broken(step)]).name, 'broken');
    assert.notEqual(chooseDecoder('gzip', [broken({ ...step, consumed: 0 })]).name, 'broken');
    assert.notEqual(chooseDecoder('gzip', [broken({ ...step, output: Buffer.from('wrong') })]).name, 'broken');
  });

  test('takes the fastest that proves itself', () => {
    const there = makers.filter((maker) => maker.format === 'gzip' && isThere(maker) === false);
    const fastest = there.toSorted((a, b) => b.speed - a.speed)[0]!;
    assert.equal(chooseDecoder('gzip', nativeDecoders).name, fastest.name);
  });

  test('plain data goes through, programs do not', () => {
    using plain = createInflater('none');
    const seen: Uint8Array[] = [];
    plain.write(Buffer.from('tar'), (chunk) => seen.push(chunk));
    plain.finish(() => {});
    assert.equal(Buffer.concat(seen).toString(), 'tar');
    for (const format of ['xz', 'bzip2'] as const) {
      assert.throws(() => createInflater(format), { code: 'ERR_COMPRESSION_NOT_SYNCHRONOUS', kind: 'unsupported' });
    }
  });
});
