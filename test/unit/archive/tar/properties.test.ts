import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TarEntry } from '../../../../src/archive/tar/types.ts';
import {
  encodeTarHeader,
  type TarHeaderFields,
  tarEnd,
  tarPadding,
  tarStoredBytes,
} from '../../../../src/archive/tar/writer.ts';
import { isStrataError } from '../../../../src/errors/index.ts';
import { concatBytes } from '../../../../src/lib/bytes.ts';
import { fc } from '../../../helpers/properties.ts';
import { joinParsed, parseTar } from '../../../helpers/tar-events.ts';
import { damagedArchive, oddArchive } from '../../../helpers/tar-mutations.ts';

const numRuns = 1500;
const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 1500 })), {
  minLength: 1,
  maxLength: 8,
});

/** Bytes without NUL, slashes more often than chance has it. */
const name = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 255 }) }, fc.constant(0x2f)), {
      minLength,
      maxLength,
      size: 'max',
    })
    .map((bytes) => Uint8Array.from(bytes));

const runsOf = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(3000), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 600 })), {
      maxLength: 30,
    }),
    fc.nat(5000),
  )
  .map(([parts, tail]) => {
    let end = 0;
    const sparse = parts.map(([gap, blocks, last], i) => {
      const length = i === parts.length - 1 ? last : blocks * 512;
      const run = { offset: end + gap, length };
      end = run.offset + length;
      return run;
    });
    return { sparse, sizeBytes: end + tail };
  });

const common = fc.record({
  path: name(1, 400),
  mode: fc.nat(0o7777),
  uid: fc.oneof(fc.nat(0o7777777), fc.nat(2 ** 32)),
  gid: fc.oneof(fc.nat(0o7777777), fc.nat(2 ** 32)),
  userName: name(0, 40),
  groupName: name(0, 40),
  mtime: fc
    .tuple(fc.oneof(fc.integer(), fc.maxSafeInteger()), fc.oneof(fc.constant(0), fc.nat(999_999_999)))
    .map(([seconds, nanoseconds]) => ({ seconds, nanoseconds })),
  xattrs: fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 3 })
    .map(
      (pairs) =>
        new Map(pairs.map(([key, value]) => [Buffer.from(key).toString('latin1').replaceAll('\0', '%25'), value])),
    ),
});

const own: fc.Arbitrary<Partial<TarEntry> & Pick<TarEntry, 'type'>> = fc.oneof(
  fc.nat(3000).map((sizeBytes) => ({ type: 'file' as const, sizeBytes })),
  runsOf.map((sparse) => ({ type: 'file' as const, ...sparse })),
  name(0, 300).map((linkPath) => ({ type: 'symlink' as const, linkPath })),
  name(0, 300).map((linkPath) => ({ type: 'hardlink' as const, linkPath })),
  fc.constantFrom({ type: 'directory' as const }, { type: 'fifo' as const }),
  fc
    .tuple(fc.constantFrom('character-device' as const, 'block-device' as const), fc.nat(0o7777777), fc.nat(0o7777777))
    .map(([type, deviceMajor, deviceMinor]) => ({ type, deviceMajor, deviceMinor })),
);

const fields: fc.Arbitrary<TarHeaderFields> = fc.tuple(common, own).map(([a, b]) => ({ ...a, ...b }));

suite('tar properties', () => {
  test('an encoded entry is parsed unchanged, in chunks of any size', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 4 }), pieces, (members, sizes) => {
        const archive = concatBytes([
          ...members.flatMap((member) => {
            const body = new Uint8Array(tarStoredBytes(member)).fill(0x62);
            return [encodeTarHeader(member), body, tarPadding(body.length)];
          }),
          tarEnd,
        ]);
        const parsed = parseTar(archive, sizes);
        assert.equal(parsed.error, undefined);
        assert.deepEqual(joinParsed(parsed), archive);
        assert.equal(parsed.entries.length, members.length);
        members.forEach((member, i) => {
          const { entry } = parsed.entries[i]!;
          const { typeflag: _, ...found } = entry;
          assert.deepEqual(found, {
            linkPath: new Uint8Array(0),
            deviceMajor: 0,
            deviceMinor: 0,
            sparse: undefined,
            sizeBytes: 0,
            ...member,
            storedSizeBytes: tarStoredBytes(member),
          });
          // A parsed entry gives the same header again.
          assert.deepEqual(encodeTarHeader(entry), parsed.entries[i]!.rawHeader);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('raw headers, bodies, padding and trailer are the archive', () => {
    let read = 0;
    fc.assert(
      fc.property(oddArchive, fc.uint8Array({ maxLength: 100 }), pieces, (archive, junk, sizes) => {
        const whole = concatBytes([archive, junk]);
        const parsed = parseTar(whole, sizes);
        if (parsed.error === undefined) {
          read++;
          assert.deepEqual(joinParsed(parsed), whole);
        }
      }),
      { numRuns },
    );
    assert.ok(read > numRuns / 10, `${read} of ${numRuns} were read`);
  });

  test('damaged archives are read or refused, never worse, and alike in any pieces', () => {
    const codes = new Map<string, number>();
    fc.assert(
      fc.property(damagedArchive, pieces, (archive, sizes) => {
        const whole = parseTar(archive);
        const split = parseTar(archive, sizes);
        assert.deepEqual(split.entries, whole.entries);
        assert.deepEqual(split.trailer, whole.trailer);
        const got = joinParsed(whole);
        if (whole.error === undefined) {
          assert.equal(split.error, undefined);
          assert.deepEqual(got, archive);
        } else {
          if (!isStrataError(whole.error)) throw whole.error as Error;
          assert.equal(whole.error.kind, whole.error.code === 'ERR_TAR_TYPE' ? 'unsupported' : 'corrupt');
          assert.deepEqual(split.error, whole.error);
          assert.deepEqual(got, archive.subarray(0, got.length));
          codes.set(whole.error.code, (codes.get(whole.error.code) ?? 0) + 1);
        }
      }),
      { numRuns },
    );
    // The mutations reach checks beyond the checksum.
    for (const code of ['CHECKSUM', 'NUMBER', 'PAX_RECORD', 'SPARSE_MAP', 'TRUNCATED', 'END_BLOCK']) {
      assert.ok(codes.has(`ERR_TAR_${code}`), `${code} was reached`);
    }
  });
});
